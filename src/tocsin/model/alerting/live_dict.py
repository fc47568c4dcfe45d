"""A dict and a list that say when they were written to, however deep: alert metadata that is stored as it changes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, SupportsIndex

Told = Callable[[], None]


def live(value: Any, told: Told) -> Any:
    """Return a value whose dicts and lists call `told` after each write."""
    if isinstance(value, Mapping):
        return LiveDict(value, told)
    return LiveList(value, told) if isinstance(value, list | tuple) else value


def still(value: Any) -> Any:
    """Return plain dicts and lists with the same in them, which tell nobody."""
    if isinstance(value, Mapping):
        return {key: still(one) for key, one in value.items()}
    return [still(one) for one in value] if isinstance(value, list | tuple) else value


class LiveDict(dict[str, Any]):
    """A dict that calls `told` after each write to it or to what is in it."""

    def __init__(self, values: Mapping[str, Any], told: Told) -> None:
        super().__init__({key: live(value, told) for key, value in values.items()})
        self._told = told

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, live(value, self._told))
        self._told()

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._told()

    def update(self, *others: Any, **values: Any) -> None:
        """Take over other mappings; told once, after all of them."""
        super().update({key: live(value, self._told) for key, value in dict(*others, **values).items()})
        self._told()

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, which becomes `default` where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key and return its value."""
        value = super().pop(key, *default)
        self._told()
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the newest key and return it with its value."""
        item = super().popitem()
        self._told()
        return item

    def clear(self) -> None:
        """Remove every key."""
        super().clear()
        self._told()

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        return still(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (still(self),)


class LiveList(list[Any]):
    """A list that calls `told` after each write to it or to what is in it."""

    def __init__(self, values: Iterable[Any], told: Told) -> None:
        super().__init__(live(value, told) for value in values)
        self._told = told

    def __setitem__(self, index: Any, value: Any) -> None:
        many = isinstance(index, slice)
        super().__setitem__(index, [live(one, self._told) for one in value] if many else live(value, self._told))
        self._told()

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        super().__delitem__(index)
        self._told()

    def append(self, value: Any) -> None:
        """Add a value at the end."""
        super().append(live(value, self._told))
        self._told()

    def extend(self, values: Iterable[Any]) -> None:
        """Add values at the end; told once."""
        super().extend([live(value, self._told) for value in values])
        self._told()

    def __iadd__(self, values: Iterable[Any]) -> Self:  # type: ignore[misc]
        self.extend(values)
        return self

    def __imul__(self, times: SupportsIndex) -> Self:
        self[:] = list(self) * times
        return self

    def insert(self, index: SupportsIndex, value: Any) -> None:
        """Put a value before that index."""
        super().insert(index, live(value, self._told))
        self._told()

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Remove and return the value at an index."""
        value = super().pop(index)
        self._told()
        return value

    def remove(self, value: Any) -> None:
        """Remove the first such value."""
        super().remove(value)
        self._told()

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self._told()

    def sort(self, **how: Any) -> None:
        """Sort in place."""
        super().sort(**how)
        self._told()

    def reverse(self) -> None:
        """Turn the order round."""
        super().reverse()
        self._told()

    def __deepcopy__(self, memo: Any) -> list[Any]:
        return still(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (still(self),)
