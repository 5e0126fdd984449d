"""Content credentials (C2PA): who signed a file, with what, and what they declare about it.

>>> from unmask.provenance import examine
>>> examine("photo.jpg").state  # doctest: +SKIP
'absent'
"""

from unmask.provenance.examine import NOT_INSTALLED, examine, read_trust_list

__all__ = ["NOT_INSTALLED", "examine", "read_trust_list"]
