"""ThresholdMonitor: rules and values in one place, for programs that bring their own numbers."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tocsin.alerts.rules.evaluate import Evaluator, RoundSummary
from tocsin.alerts.rules.rule import rule_from
from tocsin.alerts.rules.trying import try_rule
from tocsin.errors import Invalid, NotFound
from tocsin.model.alert_rules import AlertRuleCreate, AlertRuleUpdate, Trial
from tocsin.model.times import utcnow
from tocsin.storage.alerts.transactions import committed
from tocsin.storage.database import Session
from tocsin.storage.rules import definitions
from tocsin.storage.rules.samples import Sample, record_samples
from tocsin.storage.tables.alert_rules import AlertRule


class ThresholdMonitor:
    """Keeps rules, takes numbers, and raises or clears alerts where numbers cross thresholds.

    `monitor.create_rule(name="CPU", metric_name="cpu_percent", threshold=80, for_s=300)`, then
    `monitor.record("cpu_percent", 92, host="web1")` as numbers come, and `monitor.evaluate()` now and then.
    A running server evaluates the same rules by itself.
    """

    def __init__(self, db: Session) -> None:
        """Work on any synchronous Session; each call commits it."""
        self._db = db
        self._evaluator = Evaluator()

    def create_rule(self, **fields: Any) -> AlertRule:
        """Store a rule; `name`, `metric_name` and `threshold` are needed, the rest are fields of AlertRule.

        Raises:
            Invalid: naming every field that is wrong.
            Conflict: there is a rule of that name.
        """
        return definitions.save_rule(self._db, AlertRule(**_checked(fields).model_dump(mode="json")))

    def update_rule(self, rule_id: int, **changes: Any) -> AlertRule:
        """Change the fields that are given.

        Raises:
            NotFound: there is no such rule.
            Invalid: naming every field that is wrong.
        """
        row = self._find(rule_id)
        whole = {name: getattr(row, name) for name in AlertRuleUpdate.model_fields} | changes
        checked = _checked(whole).model_dump(mode="json")
        for name in changes:
            setattr(row, name, checked[name])
        return definitions.save_rule(self._db, row)

    def delete_rule(self, rule_id: int) -> None:
        """Delete a rule; its alerts resolve at the next evaluation.

        Raises:
            NotFound: there is no such rule.
        """
        definitions.delete_rule(self._db, self._find(rule_id))

    def list_rules(self) -> list[AlertRule]:
        """Return every rule, newest first."""
        return list(definitions.list_rules(self._db, limit=1_000_000)[0])

    def record(self, metric_name: str, value: float, at: datetime | None = None, **labels: str) -> None:
        """Take a number; `labels` say of which series it is (host, service, …)."""
        texts = {name: str(text) for name, text in labels.items()}
        sample = Sample(metric_name, float(value), texts, at or utcnow())
        committed(self._db, lambda connection: record_samples(connection, [sample]))

    def evaluate(self, now: datetime | None = None) -> RoundSummary:
        """Hold every rule against the values of now; alerts open and clear."""
        moment = now or utcnow()
        try:
            return committed(self._db, lambda connection: self._evaluator.run(connection, moment))
        except BaseException:  # what was not written must be read anew, whatever kept it from being written
            self._evaluator.forget()
            raise

    def try_rule(self, days: int = 30, now: datetime | None = None, **fields: Any) -> Trial:
        """Return when a rule of these fields would have fired in the past; nothing is stored.

        Raises:
            Invalid: naming every field that is wrong, or nothing of the metric is kept.
        """
        return try_rule(self._db, rule_from(_checked({"name": "trial", **fields})), days, now or utcnow())

    def _find(self, rule_id: int) -> AlertRule:
        row = definitions.find_rule(self._db, rule_id)
        if row is None:
            raise NotFound(f"there is no alert rule {rule_id}")
        return row


def _checked(fields: dict[str, Any]) -> AlertRuleCreate:
    try:
        return AlertRuleCreate.model_validate(fields)
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}".lstrip(": ") for one in error.errors())
        raise Invalid("; ".join(faults)) from error
