"""What can be asked about Tocsin and all websites in figures, at this moment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tocsin import __version__
from tocsin.actions.services import Services
from tocsin.storage.database import Session
from tocsin.storage.delivery.reading import DeliveryFigures, read_delivery_figures
from tocsin.storage.metrics import WebsiteFigures, list_figures

if TYPE_CHECKING:
    from tocsin.watch.service import WatchOverview

__all__ = ["DeliveryFigures", "Figures", "WebsiteFigures", "read_figures"]


@dataclass(frozen=True, slots=True)
class Figures:
    """Tocsin and its websites in figures."""

    version: str
    watch: "WatchOverview"
    websites: list[WebsiteFigures]
    deliveries: DeliveryFigures


def read_figures(db: Session, services: Services) -> Figures:
    """Return the figures of this moment."""
    return Figures(__version__, services.watch.overview(), list_figures(db), read_delivery_figures(db))
