"""The settings of an analysis, as a report names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unmask.detect import Settings


def choice_facts(settings: Settings) -> dict[str, object]:
    """Return the settings that bear on a verdict, by the name that a person reads."""
    return {
        "Prior": f"{100 * settings.prior:g} % of files are fake",
        "False-alarm budget": f"{100 * settings.max_false_alarm_rate:g} % of genuine files",
        "Frames asked for": settings.frames,
        "Smallest face": f"{settings.min_face:g} px",
        "Face finder": settings.finder,
    }
