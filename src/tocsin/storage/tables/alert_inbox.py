"""The table of alerts that were accepted and are not yet worked in."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tocsin.model.times import utcnow
from tocsin.storage.tables.schema import Base
from tocsin.storage.tables.types import EpochMicroseconds, Id


class AlertInbox(Base):
    """A body of alerts as it was posted, checked and accepted. It goes in the transaction that works it in."""

    __tablename__ = "alert_inbox"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(EpochMicroseconds, default=utcnow)
    payload: Mapped[bytes] = mapped_column(LargeBinary)  # JSON: a list of alerts as Alertmanager's clients post them
