"""Looking an attribute up without running code of the object."""

_missing = object()


def getattr_static(obj, attr, default=_missing):
    """The attribute as the object or its class stores it, without descriptors, `__getattr__` or `__getattribute__`."""
    if isinstance(obj, type):
        for entry in (*type.__dict__['__mro__'].__get__(obj), *type(obj).__mro__):
            if attr in entry.__dict__:
                return entry.__dict__[attr]
    else:
        on_class = _missing
        for entry in type(obj).__mro__:
            if attr in entry.__dict__:
                on_class = entry.__dict__[attr]
                break
        try:
            own = object.__getattribute__(obj, '__dict__').get(attr, _missing)
        except AttributeError:
            own = _missing
        if on_class is not _missing and (own is _missing or hasattr(type(on_class), '__set__')):
            return on_class
        if own is not _missing:
            return own
    if default is not _missing:
        return default
    raise AttributeError(attr)
