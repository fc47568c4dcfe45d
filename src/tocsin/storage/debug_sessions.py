"""Debug sessions: recorded browser visits."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin.errors import Conflict, NotFound
from tocsin.model.debug_sessions import DebugSessionCreate, DebugSessionUpdate
from tocsin.storage.tables import DebugSession, Website
from tocsin.storage.tables.schema import FRESH


class DebugSessionCRUD:
    """Create, read and update debug sessions. Each call commits the Session it is given."""

    @staticmethod
    def create(db: Session, debug_session: DebugSessionCreate) -> DebugSession:
        """Store a debug session that begins.

        Raises:
            NotFound: there is no such website.
            Conflict: the session key is taken.
        """
        if db.get(Website, debug_session.website_id) is None:
            raise NotFound(f"there is no website {debug_session.website_id}")
        row = DebugSession(**debug_session.model_dump(exclude_none=True))
        db.add(row)
        try:
            db.commit()
        except IntegrityError as error:
            db.rollback()
            if db.get(Website, debug_session.website_id, populate_existing=True) is None:
                raise NotFound(f"website {debug_session.website_id} was deleted meanwhile") from error
            raise Conflict(f"the session key {debug_session.session_key!r} is taken") from error
        return row

    @staticmethod
    def get_by_id(db: Session, debug_session_id: int) -> DebugSession | None:
        """Return the debug session, or None."""
        return db.get(DebugSession, debug_session_id, populate_existing=True)

    @staticmethod
    def get_by_session_key(db: Session, session_key: str) -> DebugSession | None:
        """Return the debug session of that key, or None."""
        wanted = select(DebugSession).where(DebugSession.session_key == session_key)
        return db.scalars(wanted, execution_options=FRESH).one_or_none()

    @staticmethod
    def get_by_website(db: Session, website_id: int, skip: int = 0, limit: int = 100) -> tuple[list[DebugSession], int]:
        """Return one page of a website's debug sessions, newest first, and how many there are."""
        wanted = select(DebugSession).where(DebugSession.website_id == website_id)
        total = db.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        page = wanted.order_by(DebugSession.started_at.desc(), DebugSession.id.desc()).offset(skip).limit(limit)
        return list(db.scalars(page, execution_options=FRESH)), total

    @staticmethod
    def update(db: Session, debug_session_id: int, debug_session_update: DebugSessionUpdate) -> DebugSession | None:
        """Change the fields that were given; return the debug session, or None where there is none."""
        row = db.get(DebugSession, debug_session_id, populate_existing=True)
        if row is None:
            return None
        for name, value in debug_session_update.model_dump(exclude_unset=True).items():
            setattr(row, name, value)
        db.commit()
        return row
