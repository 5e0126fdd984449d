from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from unmask.provenance import manifests
from unmask.types import Statement

KEYS = st.sampled_from(
    [
        "active_manifest", "manifests", "a", "assertions", "label", "data", "actions", "action",
        "digitalSourceType", "Iptc4xmpExt:DigitalSourceType", "softwareAgent", "name", "version",
        "claim_generator", "claim_generator_info", "signature_info", "common_name", "issuer",
        "validation_status", "code",
    ]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.just("a") | st.just("x" * 999)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)
MANIFESTS = st.fixed_dictionaries(
    {
        "assertions": st.lists(st.fixed_dictionaries({"label": LEAVES, "data": ANYTHING})),
        "claim_generator_info": ANYTHING,
        "signature_info": ANYTHING,
    }
)
STORES = st.fixed_dictionaries(
    {
        "active_manifest": LEAVES,
        "manifests": st.dictionaries(st.sampled_from("ab"), MANIFESTS) | ANYTHING,
        "validation_status": ANYTHING,
    }
)


@given(STORES | st.dictionaries(KEYS, ANYTHING))
def test_whatever_a_store_holds_is_read_and_cut(store):
    texts = [manifests.signer(store), manifests.tool(store), *manifests.problems(store)]
    said = manifests.statements(store)
    texts += [text for each in said for text in (each.name, each.source_type, each.tool)]
    assert all(len(text) <= 2 * 201 + 2 for text in texts)
    assert len(said) == len(set(said))
    assert [each.ai for each in said] == sorted((each.ai for each in said), reverse=True)


def test_every_source_is_read_however_deep_and_in_a_list():
    deep = {
        "action": "c2pa.edited",
        "digitalSourceType": ["x/digitalCapture", "x/compositeSynthetic/"],
    }
    for _ in range(5000):
        deep = {"parameters": [deep]}
    store = {
        "active_manifest": "a",
        "manifests": {"a": {"assertions": [{"label": "c2pa.actions", "data": deep}]}},
    }
    assert manifests.statements(store) == [
        Statement(name="c2pa.edited", source_type="compositeSynthetic", ai=True),
        Statement(name="c2pa.edited", source_type="digitalCapture"),
    ]


def test_an_old_claim_names_its_tool_in_one_text():
    store = {"active_manifest": "a", "manifests": {"a": {"claim_generator": " Old/1.0 "}}}
    assert manifests.tool(store) == "Old/1.0"
