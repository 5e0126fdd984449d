"""A look at a dataset before anything is done to it: figures, tables and one page of both."""

from unmask.data.explore.explore import explore
from unmask.data.explore.section import Section

__all__ = ["Section", "explore"]
