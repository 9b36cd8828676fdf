"""Published super-resolution networks behind one interface; each is a row of the catalogue.

>>> from srfp_lib import published
>>> len(published.catalogue()), published.network("LIIF-div2k-x4-L1-NA-pretrained").row.variant
(51, 'rdn')
"""

from .catalogue import catalogue
from .networks import PublishedNetwork, network

__all__ = ["PublishedNetwork", "catalogue", "network"]
