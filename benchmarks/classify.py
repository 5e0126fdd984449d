"""What a bundle costs for one face, on one core: crop in, logit out.

    python benchmarks/classify.py [--model NAME|FILE] [--rounds 200] [--plain-processor]

Prints the least and the median time of a call with a single crop, as Markdown. On a shared machine
the least is closest to what the code costs. ``--plain-processor`` runs as on a processor that does
not multiply in 8 bits (x86 without VNNI). Needs nothing but unmask.
"""

from __future__ import annotations

import argparse
import time

import cv2
import numpy as np

from unmask.detect import load_bundle


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time a bundle on one crop and one core.")
    parser.add_argument("--model", help="name or file of a bundle; the one that ships if absent")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--plain-processor", action="store_true")
    options = parser.parse_args()
    if options.plain_processor:
        cv2.checkHardwareSupport = lambda _: False
    bundle = load_bundle(options.model)
    size = bundle.card.crop.size
    crop = np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)
    times = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        bundle.run([crop])
        times.append(1000 * (time.perf_counter() - start))
    print("| bundle | crop, px | least, ms | median, ms |\n|---|---|---|---|")
    name = f"{bundle.identity.name} {bundle.identity.version}"
    print(f"| {name} | {size} | {min(times):.1f} | {np.median(times):.1f} |")


if __name__ == "__main__":
    main()
