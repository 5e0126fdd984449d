"""The job store: no job is given away twice, none is lost; the same on each database."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from sqlalchemy import text

from unmask.errors import SettingError
from unmask.serve.store import Store


@pytest.fixture
def store(database):
    store = Store(database, lease=30.0)
    store.create()
    yield store
    store.close()


def add(store, number: int = 0, **changes):
    values = {
        "id": f"{number:032x}",
        "name": f"{number}.jpg",
        "path": f"/nowhere/{number}",
        "uploaded": True,
        "size": number,
        "sha256": f"{number:064x}",
        "key": "k",
    }
    return store.add(**values | changes)


def test_a_job_goes_its_way(store):
    row, new = add(store)
    assert new
    assert (row.state, row.attempts, row.kept) == ("queued", 0, True)
    assert abs(row.created - time.time()) < 60
    job = store.claim("one")
    assert (job.id, job.state, job.worker, job.attempts) == (row.id, "running", "one", 1)
    assert store.claim("two") is None
    assert store.beat(job, 0.5)
    assert store.get(row.id).progress == 0.5
    assert store.finish(job, "done", "well", verdict="fake", probability=0.75)
    ended = store.get(row.id)
    assert (ended.state, ended.verdict, ended.probability) == ("done", "fake", 0.75)
    assert ended.created <= ended.started <= ended.finished
    assert not store.beat(job, 0.9)
    assert store.claim("two") is None


def test_one_file_has_one_answer_until_it_is_cancelled_or_fails(store):
    first, _ = add(store)
    assert add(store, id="f" * 32) == (first, False)
    assert add(store, id="e" * 32, key="other")[1]
    assert store.cancel(first.id)
    assert add(store, id="d" * 32)[1]
    job = store.claim("one")
    store.finish(job, "failed", "no detector")
    while (job := store.claim("one")) is not None:
        store.finish(job, "failed", "no detector")
    assert add(store, id="c" * 32)[1]


def test_what_ends_by_another_key_answers_for_it_unless_another_job_does(store):
    first, _ = add(store)
    second, _ = add(store, id="f" * 32, key="asked")
    job = store.claim("one")
    assert store.finish(job, "done", "well", key="asked")  # the second answers for that key
    assert store.get(first.id).state == "done"
    assert store.answer(first.sha256, "asked").id == second.id
    assert store.answer(first.sha256, "k") is None
    assert store.finish(store.claim("one"), "done", "well", key="given")
    assert store.answer(first.sha256, "given").id == second.id
    assert store.answer(first.sha256, "asked") is None


def test_the_same_file_from_many_at_once_is_one_job(store):
    answers = []

    def send(number: int) -> None:
        answers.append(add(store, id=f"{number:032x}"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(new for _, new in answers) == {True: 1, False: 7}
    assert len({row.id for row, _ in answers}) == 1


def test_workers_of_two_servers_do_no_job_twice(database, store):
    """Each thread stands for a server with connections of its own."""
    for number in range(40):
        add(store, number)
    taken = []

    def work(name: str) -> None:
        own = Store(database, lease=30.0)
        while (job := own.claim(name)) is not None:
            taken.append(job.id)
            assert own.finish(job, "done", "")
        own.close()

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40
    assert store.counts("state") == {"done": 40}


def test_the_job_of_a_silent_worker_goes_to_another_and_the_first_may_not_end_it(database, store):
    add(store)
    hasty = Store(database, lease=1.0)
    lost = hasty.claim("one")
    hasty.close()
    time.sleep(1.2)
    again = store.claim("two")
    assert (again.id, again.attempts) == (lost.id, 2)
    assert not store.beat(lost, 0.1)
    assert not store.finish(lost, "done", "too late")
    assert not store.give_back(lost, crashed=True)
    assert store.finish(again, "done", "in time")
    assert store.get(lost.id).message == "in time"


def test_a_beat_keeps_the_lease(store):
    add(store)
    job = store.claim("one")
    time.sleep(0.1)
    assert store.beat(job, 0.0)
    assert store.get(job.id).lease > job.lease
    assert store.claim("two") is None


@pytest.mark.parametrize(("crashed", "attempts"), [(True, 2), (False, 1)])
def test_what_is_given_back_is_claimed_again(store, crashed, attempts):
    add(store)
    assert store.give_back(store.claim("one"), crashed=crashed)
    again = store.claim("two")
    assert (again.attempts, again.crashes) == (attempts, int(crashed))


def test_what_a_worker_was_at_that_is_gone_goes_back_at_once(store):
    for number in range(3):
        add(store, number)
    lost, kept = store.claim("gone"), store.claim("there")
    assert store.release("gone") == 1
    again = store.claim("there")
    assert (again.id, again.attempts, again.crashes) == (lost.id, 2, 0)
    assert store.beat(kept, 0.5)
    assert not store.beat(lost, 0.5)


def test_it_says_how_many_wait_and_how_long(store):
    assert store.waiting() == (0, 0.0)
    for number in range(2):
        add(store, number)
    time.sleep(0.1)
    store.claim("one")
    count, seconds = store.waiting()
    assert count == 1
    assert 0.05 < seconds < 60


def test_a_table_of_another_version_is_refused_in_one_line(store, database):
    with store._writer.begin() as connection:
        connection.execute(text("ALTER TABLE unmask_analyses DROP COLUMN crashes"))
    again = Store(database)
    with pytest.raises(SettingError, match="lacks crashes; remove it") as raised:
        again.create()
    again.close()
    assert "\n" not in str(raised.value)


def test_the_oldest_waits_the_shortest(store):
    for number in (3, 1, 2):
        add(store, number)
    assert [store.claim("one").bytes for _ in range(3)] == [3, 1, 2]


def test_a_cancelled_job_is_its_workers_no_more(store):
    add(store)
    job = store.claim("one")
    assert not store.remove(job.id)  # not before it has ended
    assert store.cancel(job.id)
    assert not store.cancel(job.id)
    assert not store.beat(job, 0.1)
    assert not store.finish(job, "done", "too late")
    assert store.get(job.id).state == "cancelled"
    assert store.remove(job.id)
    with pytest.raises(KeyError):
        store.get(job.id)


def test_what_was_accepted_outlives_the_store(database, store):
    add(store)
    store.close()
    again = Store(database)
    again.create()
    assert again.claim("one").bytes == 0
    again.close()
