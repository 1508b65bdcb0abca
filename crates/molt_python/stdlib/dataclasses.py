"""Data classes (PEP 557).

Methods are closures over the fields. Where the compiler saw the whole class it left `__init__`, `__repr__` and
`__eq__` of the annotated names in the class body under hidden names; they are taken when the fields found here are
the ones that it saw.
"""

import abc
import copy
import keyword
import sys
import types
from reprlib import recursive_repr

__all__ = ['dataclass', 'field', 'Field', 'FrozenInstanceError', 'InitVar', 'KW_ONLY', 'MISSING', 'fields', 'asdict',
           'astuple', 'make_dataclass', 'replace', 'is_dataclass']


class FrozenInstanceError(AttributeError):
    pass


class _HAS_DEFAULT_FACTORY_CLASS:
    def __repr__(self):
        return '<factory>'


_HAS_DEFAULT_FACTORY = _HAS_DEFAULT_FACTORY_CLASS()


class _MISSING_TYPE:
    pass


MISSING = _MISSING_TYPE()


class _KW_ONLY_TYPE:
    pass


KW_ONLY = _KW_ONLY_TYPE()

_EMPTY_METADATA = types.MappingProxyType({})


class _FIELD_BASE:
    __slots__ = ('name',)

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


_FIELD = _FIELD_BASE('_FIELD')
_FIELD_CLASSVAR = _FIELD_BASE('_FIELD_CLASSVAR')
_FIELD_INITVAR = _FIELD_BASE('_FIELD_INITVAR')

_FIELDS = '__dataclass_fields__'
_PARAMS = '__dataclass_params__'
_POST_INIT_NAME = '__post_init__'
# Left by the compiler: (name, text of the annotation) of each annotated name, and methods made of them.
_STATIC = '__dataclass_static__'
_STATIC_METHODS = {'__init__': '__dataclass_init__', '__repr__': '__dataclass_repr__', '__eq__': '__dataclass_eq__'}


class InitVar:
    __slots__ = ('type',)

    def __init__(self, type):
        self.type = type

    def __repr__(self):
        name = self.type.__name__ if isinstance(self.type, type) else repr(self.type)
        return f'dataclasses.InitVar[{name}]'

    def __class_getitem__(cls, type):
        return InitVar(type)


class Field:
    __slots__ = ('name', 'type', 'default', 'default_factory', 'repr', 'hash', 'init', 'compare', 'metadata',
                 'kw_only', 'doc', '_field_type')

    def __init__(self, default, default_factory, init, repr, hash, compare, metadata, kw_only, doc):
        self.name = None
        self.type = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata = _EMPTY_METADATA if metadata is None else types.MappingProxyType(metadata)
        self.kw_only = kw_only
        self.doc = doc
        self._field_type = None

    def __repr__(self):
        return (f'Field(name={self.name!r},type={self.type!r},default={self.default!r},'
                f'default_factory={self.default_factory!r},init={self.init!r},repr={self.repr!r},hash={self.hash!r},'
                f'compare={self.compare!r},metadata={self.metadata!r},kw_only={self.kw_only!r},doc={self.doc!r},'
                f'_field_type={self._field_type})')

    def __set_name__(self, owner, name):
        func = getattr(type(self.default), '__set_name__', None)
        if func:
            func(self.default, owner, name)

    __class_getitem__ = classmethod(types.GenericAlias)


class _DataclassParams:
    __slots__ = ('init', 'repr', 'eq', 'order', 'unsafe_hash', 'frozen', 'match_args', 'kw_only', 'slots',
                 'weakref_slot')

    def __init__(self, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot):
        self.init = init
        self.repr = repr
        self.eq = eq
        self.order = order
        self.unsafe_hash = unsafe_hash
        self.frozen = frozen
        self.match_args = match_args
        self.kw_only = kw_only
        self.slots = slots
        self.weakref_slot = weakref_slot

    def __repr__(self):
        return ('_DataclassParams(' + ','.join(f'{name}={getattr(self, name)!r}' for name in self.__slots__) + ')')


def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None, compare=True, metadata=None,
          kw_only=MISSING, doc=None):
    """Describes one field of a data class."""
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError('cannot specify both default and default_factory')
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only, doc)


# ---- finding the fields -----------------------------------------------------------------------------------------


def _annotations(cls, static):
    """Names and annotations of a class body; names that do not exist yet leave the annotation's text."""
    annotate = cls.__dict__.get('__annotate__')
    if annotate is None:
        return cls.__dict__.get('__annotations__', {})
    try:
        return annotate(1)
    except NameError:
        if static is None:
            raise
        return dict(static)


def _typing_name(annotation, name):
    typing = sys.modules.get('typing')
    return typing is not None and annotation is getattr(typing, name, None)


def _is_classvar(annotation):
    if isinstance(annotation, str):
        head = annotation.split('[')[0].strip()
        return head == 'ClassVar' or head.endswith('.ClassVar')
    return _typing_name(annotation, 'ClassVar') or _typing_name(getattr(annotation, '__origin__', None), 'ClassVar')


def _is_initvar(annotation):
    if isinstance(annotation, str):
        head = annotation.split('[')[0].strip()
        return head == 'InitVar' or head.endswith('.InitVar')
    return annotation is InitVar or type(annotation) is InitVar


def _is_kw_only(annotation):
    if isinstance(annotation, str):
        return annotation == 'KW_ONLY' or annotation.endswith('.KW_ONLY')
    return annotation is KW_ONLY


def _get_field(cls, name, annotation, default_kw_only):
    default = getattr(cls, name, MISSING)
    if isinstance(default, Field):
        f = default
    else:
        if isinstance(default, types.MemberDescriptorType):
            default = MISSING
        f = field(default=default)
    f.name = name
    f.type = annotation
    f._field_type = _FIELD
    if _is_classvar(annotation):
        f._field_type = _FIELD_CLASSVAR
    elif _is_initvar(annotation):
        f._field_type = _FIELD_INITVAR
    if f._field_type in (_FIELD_CLASSVAR, _FIELD_INITVAR) and f.default_factory is not MISSING:
        raise TypeError(f'field {f.name} cannot have a default factory')
    if f._field_type in (_FIELD, _FIELD_INITVAR):
        if f.kw_only is MISSING:
            f.kw_only = default_kw_only
    elif f.kw_only is not MISSING:
        raise TypeError(f'field {f.name} is a ClassVar but specifies kw_only')
    if f._field_type is _FIELD and f.default.__class__.__hash__ is None:
        raise ValueError(f'mutable default {type(f.default)} for field {f.name} is not allowed: use default_factory')
    return f


def _own_fields(cls, annotations, kw_only):
    own = []
    seen = False
    for name, annotation in annotations.items():
        if _is_kw_only(annotation):
            if seen:
                raise TypeError(f'{name!r} is KW_ONLY, but KW_ONLY has already been specified')
            seen = True
            kw_only = True
        else:
            own.append(_get_field(cls, name, annotation, kw_only))
    for f in own:
        if isinstance(getattr(cls, f.name, None), Field):
            if f.default is MISSING:
                delattr(cls, f.name)
            else:
                setattr(cls, f.name, f.default)
    for name, value in cls.__dict__.items():
        if isinstance(value, Field) and name not in annotations:
            raise TypeError(f'{name!r} is a field but has no type annotation')
    return own


# ---- the methods --------------------------------------------------------------------------------------------------


def _set_new(cls, name, value):
    """Sets an attribute unless the class body has it; whether it was there."""
    if name in cls.__dict__:
        return True
    if isinstance(value, types.FunctionType):
        value.__name__ = name
        value.__qualname__ = f'{cls.__qualname__}.{name}'
        value.__module__ = cls.__module__
    setattr(cls, name, value)
    return False


def _names_text(names):
    quoted = [repr(n) for n in names]
    if len(quoted) == 1:
        return quoted[0]
    if len(quoted) == 2:
        return ' and '.join(quoted)
    return ', '.join(quoted[:-1]) + ', and ' + quoted[-1]


def _missing_arguments(qualname, names, kind):
    plural = '' if len(names) == 1 else 's'
    return TypeError(f'{qualname}() missing {len(names)} required {kind} argument{plural}: {_names_text(names)}')


def _too_many(qualname, positional, required, given, kw_given):
    most = len(positional) + 1
    least = required + 1
    takes = f'from {least} to {most}' if least != most else f'{most}'
    plural = 's' if most != 1 else ''
    was = 'was' if given == 0 else 'were'
    if kw_given:
        extra = f' positional arguments (and {kw_given} keyword-only argument{"s" if kw_given != 1 else ""})'
        return TypeError(f'{qualname}() takes {takes} positional argument{plural} but {given + 1}{extra} {was} given')
    return TypeError(f'{qualname}() takes {takes} positional argument{plural} but {given + 1} {was} given')


def _make_init(cls, std_fields, kw_only_fields, all_fields, frozen, has_post_init):
    seen_default = None
    for f in std_fields:
        if f.init:
            if f.default is not MISSING or f.default_factory is not MISSING:
                seen_default = f
            elif seen_default:
                raise TypeError(f'non-default argument {f.name!r} follows default argument {seen_default.name!r}')
    positional = tuple(f.name for f in std_fields if f.init)
    named = tuple(f.name for f in kw_only_fields if f.init)
    known = frozenset(positional + named)
    required = [f.name for f in std_fields if f.init and f.default is MISSING and f.default_factory is MISSING]
    required_named = [f.name for f in kw_only_fields
                      if f.init and f.default is MISSING and f.default_factory is MISSING]
    set_attribute = object.__setattr__ if frozen else setattr
    init_vars = tuple(f.name for f in all_fields if f._field_type is _FIELD_INITVAR)
    count = len(positional)
    qualname = f'{cls.__qualname__}.__init__'

    def bind(args, kwargs):
        given = len(args)
        if given > count:
            raise _too_many(qualname, positional, len(required), given, sum(n in kwargs for n in named))
        values = dict(zip(positional, args))
        for name, value in kwargs.items():
            if name not in known:
                raise TypeError(f'{qualname}() got an unexpected keyword argument {name!r}')
            if name in values:
                raise TypeError(f'{qualname}() got multiple values for argument {name!r}')
            values[name] = value
        missing = [n for n in required if n not in values]
        if missing:
            raise _missing_arguments(qualname, missing, 'positional')
        missing = [n for n in required_named if n not in values]
        if missing:
            raise _missing_arguments(qualname, missing, 'keyword-only')
        return values

    def __init__(self, /, *args, **kwargs):
        values = bind(args, kwargs)
        for f in all_fields:
            name = f.name
            if name in values:
                value = values[name]
            elif f.default_factory is not MISSING:
                value = f.default_factory()
            elif f.init and f.default is not MISSING:
                value = f.default
            elif f.default is not MISSING and f._field_type is _FIELD and '__slots__' in cls.__dict__:
                value = f.default
            else:
                continue
            if f._field_type is _FIELD_INITVAR:
                values[name] = value
            else:
                set_attribute(self, name, value)
        if has_post_init:
            self.__post_init__(*[values[n] for n in init_vars])

    __init__.__annotations__ = {f.name: f.type for f in all_fields if f.init} | {'return': None}
    return __init__


def _make_repr(names):
    @recursive_repr()
    def __repr__(self):
        return self.__class__.__qualname__ + '(' + ', '.join(f'{n}={getattr(self, n)!r}' for n in names) + ')'

    return __repr__


def _make_eq(names):
    def __eq__(self, other):
        if self is other:
            return True
        if other.__class__ is self.__class__:
            for name in names:
                if getattr(self, name) != getattr(other, name):
                    return False
            return True
        return NotImplemented

    return __eq__


def _values(obj, names):
    return tuple([getattr(obj, name) for name in names])


def _make_order(names):
    def __lt__(self, other):
        if other.__class__ is self.__class__:
            return _values(self, names) < _values(other, names)
        return NotImplemented

    def __le__(self, other):
        if other.__class__ is self.__class__:
            return _values(self, names) <= _values(other, names)
        return NotImplemented

    def __gt__(self, other):
        if other.__class__ is self.__class__:
            return _values(self, names) > _values(other, names)
        return NotImplemented

    def __ge__(self, other):
        if other.__class__ is self.__class__:
            return _values(self, names) >= _values(other, names)
        return NotImplemented

    return __lt__, __le__, __gt__, __ge__


def _make_hash(names):
    def __hash__(self):
        return hash(_values(self, names))

    return __hash__


def _make_frozen(cls, names):
    names = frozenset(names)

    def __setattr__(self, name, value):
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f'cannot assign to field {name!r}')
        super(cls, self).__setattr__(name, value)

    def __delattr__(self, name):
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f'cannot delete field {name!r}')
        super(cls, self).__delattr__(name)

    return __setattr__, __delattr__


def _static_methods(cls, static, own, all_fields, frozen, has_post_init):
    """The compiler's methods if they fit the class: all fields are its own, plain, and the ones that it saw."""
    found = {}
    for name, hidden in _STATIC_METHODS.items():
        method = cls.__dict__.get(hidden)
        if method is not None:
            found[name] = method
            delattr(cls, hidden)
    if static is None or frozen or has_post_init or '__slots__' in cls.__dict__:
        return {}
    expected = [name for name, _ in static]
    names = [f.name for f in all_fields]
    plain = all(f._field_type is _FIELD and f.init and f.repr and f.compare and not f.kw_only
                and f.default_factory is MISSING for f in all_fields)
    if names != expected or not plain:
        return {}
    seen_default = None
    for f in own:
        if f.default is not MISSING:
            seen_default = f
        elif seen_default:
            return {}
    return found


def _hash_action(cls, class_hash_is_explicit, unsafe_hash, eq, frozen, names):
    if unsafe_hash:
        if class_hash_is_explicit:
            raise TypeError(f'Cannot overwrite attribute __hash__ in class {cls.__name__}')
        _replace_hash(cls, _make_hash(names))
    elif eq and not class_hash_is_explicit:
        _replace_hash(cls, _make_hash(names) if frozen else None)


def _replace_hash(cls, value):
    if value is not None:
        value.__qualname__ = f'{cls.__qualname__}.__hash__'
    cls.__hash__ = value


def _process_class(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots, weakref_slot):
    all_fields = {}
    setattr(cls, _PARAMS, _DataclassParams(init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots,
                                           weakref_slot))
    any_frozen_base = False
    all_frozen_bases = None
    has_dataclass_bases = False
    for b in cls.__mro__[-1:0:-1]:
        base_fields = getattr(b, _FIELDS, None)
        if base_fields is not None:
            has_dataclass_bases = True
            for f in base_fields.values():
                all_fields[f.name] = f
            if all_frozen_bases is None:
                all_frozen_bases = True
            frozen_base = getattr(b, _PARAMS).frozen
            all_frozen_bases = all_frozen_bases and frozen_base
            any_frozen_base = any_frozen_base or frozen_base
    static = cls.__dict__.get(_STATIC)
    if static is not None:
        delattr(cls, _STATIC)
    own = _own_fields(cls, _annotations(cls, static), kw_only)
    for f in own:
        all_fields[f.name] = f
    if has_dataclass_bases:
        if any_frozen_base and not frozen:
            raise TypeError('cannot inherit non-frozen dataclass from a frozen one')
        if all_frozen_bases is False and frozen:
            raise TypeError('cannot inherit frozen dataclass from a non-frozen one')
    setattr(cls, _FIELDS, all_fields)
    class_hash = cls.__dict__.get('__hash__', MISSING)
    class_hash_is_explicit = not (class_hash is MISSING or class_hash is None and '__eq__' in cls.__dict__)
    if order and not eq:
        raise ValueError('eq must be true if order is true')
    _add_methods(cls, static, own, all_fields, init, repr, eq, order, unsafe_hash, frozen, class_hash_is_explicit)
    if match_args:
        init_fields = [f for f in all_fields.values() if f._field_type in (_FIELD, _FIELD_INITVAR)]
        _set_new(cls, '__match_args__', tuple(f.name for f in init_fields if f.init and not f.kw_only))
    if weakref_slot and not slots:
        raise TypeError('weakref_slot is True but slots is False')
    if slots:
        cls = _add_slots(cls, frozen, weakref_slot)
    abc.update_abstractmethods(cls)
    return cls


def _add_methods(cls, static, own, all_fields, init, repr, eq, order, unsafe_hash, frozen, class_hash_is_explicit):
    init_fields = [f for f in all_fields.values() if f._field_type in (_FIELD, _FIELD_INITVAR)]
    real = [f for f in init_fields if f._field_type is _FIELD]
    has_post_init = hasattr(cls, _POST_INIT_NAME)
    compiled = _static_methods(cls, static, own, init_fields, frozen, has_post_init)
    if init:
        made = compiled.get('__init__')
        if made is None:
            std = [f for f in init_fields if not f.kw_only]
            named = [f for f in init_fields if f.kw_only]
            made = _make_init(cls, std, named, init_fields, frozen, has_post_init)
        _set_new(cls, '__init__', made)
    _set_new(cls, '__replace__', _replace)
    if repr:
        made = compiled.get('__repr__')
        made = recursive_repr()(made) if made is not None else _make_repr([f.name for f in real if f.repr])
        _set_new(cls, '__repr__', made)
    compared = [f.name for f in real if f.compare]
    if eq:
        _set_new(cls, '__eq__', compiled.get('__eq__') or _make_eq(compared))
    if order:
        for name, method in zip(('__lt__', '__le__', '__gt__', '__ge__'), _make_order(compared)):
            if _set_new(cls, name, method):
                raise TypeError(f'Cannot overwrite attribute {name} in class {cls.__name__}. Consider using '
                                'functools.total_ordering')
    if frozen:
        for name, method in zip(('__setattr__', '__delattr__'), _make_frozen(cls, [f.name for f in real])):
            if _set_new(cls, name, method):
                raise TypeError(f'Cannot overwrite attribute {name} in class {cls.__name__}')
    hashed = [f.name for f in real if (f.compare if f.hash is None else f.hash)]
    _hash_action(cls, class_hash_is_explicit, unsafe_hash, eq, frozen, hashed)
    if not getattr(cls, '__doc__'):
        parameters = ', '.join(_parameter_text(f) for f in init_fields if f.init)
        cls.__doc__ = f'{cls.__name__}({parameters})'


def _parameter_text(f):
    annotation = f.type
    name = annotation.__name__ if isinstance(annotation, type) else repr(annotation)
    if f.default is not MISSING:
        return f'{f.name}: {name} = {f.default!r}'
    if f.default_factory is not MISSING:
        return f'{f.name}: {name} = <factory>'
    return f'{f.name}: {name}'


def _get_state(self):
    return [getattr(self, f.name) for f in fields(self)]


def _set_state(self, state):
    for f, value in zip(fields(self), state):
        object.__setattr__(self, f.name, value)


def _slots_of(cls):
    slots = cls.__dict__.get('__slots__')
    if slots is None:
        return () if cls.__dictoffset__ == 0 else ('__dict__', '__weakref__')
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _add_slots(cls, frozen, weakref_slot):
    """A copy of the class whose instances have slots for the fields."""
    if '__slots__' in cls.__dict__:
        raise TypeError(f'{cls.__name__} already specifies __slots__')
    names = tuple(f.name for f in fields(cls))
    inherited = {s for base in cls.__mro__[1:-1] for s in _slots_of(base)}
    slots = [n for n in names if n not in inherited]
    if weakref_slot and '__weakref__' not in inherited:
        slots.append('__weakref__')
    namespace = dict(cls.__dict__)
    namespace['__slots__'] = tuple(slots)
    for name in names:
        namespace.pop(name, None)
    namespace.pop('__dict__', None)
    namespace.pop('__weakref__', None)
    qualname = getattr(cls, '__qualname__', None)
    new = type(cls)(cls.__name__, cls.__bases__, namespace)
    if qualname is not None:
        new.__qualname__ = qualname
    if frozen:
        if '__getstate__' not in namespace:
            new.__getstate__ = _get_state
        if '__setstate__' not in namespace:
            new.__setstate__ = _set_state
    return new


def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False, frozen=False,
              match_args=True, kw_only=False, slots=False, weakref_slot=False):
    """Adds methods made from the annotated names of a class."""
    def wrap(cls):
        return _process_class(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only, slots,
                              weakref_slot)

    return wrap if cls is None else wrap(cls)


# ---- functions over data classes -----------------------------------------------------------------------------------


def fields(class_or_instance):
    """The fields of a data class or of an instance of one."""
    try:
        found = getattr(class_or_instance, _FIELDS)
    except AttributeError:
        raise TypeError('must be called with a dataclass type or instance') from None
    return tuple(f for f in found.values() if f._field_type is _FIELD)


def _is_dataclass_instance(obj):
    return hasattr(type(obj), _FIELDS)


def is_dataclass(obj):
    """Whether the object is a data class or an instance of one."""
    cls = obj if isinstance(obj, type) else type(obj)
    return hasattr(cls, _FIELDS)


def asdict(obj, *, dict_factory=dict):
    """Fields and values as a dict; data classes, lists, tuples and dicts inside are copied likewise."""
    if not _is_dataclass_instance(obj):
        raise TypeError("asdict() should be called on dataclass instances")
    return _asdict_inner(obj, dict_factory)


def _asdict_inner(obj, dict_factory):
    kind = type(obj)
    if hasattr(kind, _FIELDS):
        return dict_factory([(f.name, _asdict_inner(getattr(obj, f.name), dict_factory)) for f in fields(obj)])
    return _convert(obj, lambda v: _asdict_inner(v, dict_factory))


def astuple(obj, *, tuple_factory=tuple):
    """Values of the fields as a tuple; data classes, lists, tuples and dicts inside are copied likewise."""
    if not _is_dataclass_instance(obj):
        raise TypeError("astuple() should be called on dataclass instances")
    return _astuple_inner(obj, tuple_factory)


def _astuple_inner(obj, tuple_factory):
    if _is_dataclass_instance(obj):
        return tuple_factory([_astuple_inner(getattr(obj, f.name), tuple_factory) for f in fields(obj)])
    return _convert(obj, lambda v: _astuple_inner(v, tuple_factory))


_ATOMIC = frozenset({type(None), bool, int, float, str, complex, bytes, type(...), type(NotImplemented), type, range,
                     property, types.FunctionType})


def _convert(obj, inner):
    kind = type(obj)
    if kind in _ATOMIC:
        return obj
    if isinstance(obj, tuple) and hasattr(obj, '_fields'):
        return kind(*[inner(v) for v in obj])
    if isinstance(obj, (list, tuple)):
        return kind(inner(v) for v in obj)
    if isinstance(obj, dict):
        if hasattr(kind, 'default_factory'):
            result = kind(obj.default_factory)
            for k, v in obj.items():
                result[inner(k)] = inner(v)
            return result
        return kind((inner(k), inner(v)) for k, v in obj.items())
    return copy.deepcopy(obj)


def make_dataclass(cls_name, fields, *, bases=(), namespace=None, init=True, repr=True, eq=True, order=False,
                   unsafe_hash=False, frozen=False, match_args=True, kw_only=False, slots=False, weakref_slot=False,
                   module=None, decorator=dataclass):
    """A new data class of a name and descriptions of fields: `name`, `(name, type)` or `(name, type, field)`."""
    namespace = {} if namespace is None else dict(namespace)
    seen = set()
    annotations = {}
    for item in fields:
        if isinstance(item, str):
            name = item
            annotation = 'typing.Any'
        elif len(item) == 2:
            name, annotation = item
        elif len(item) == 3:
            name, annotation, namespace[item[0]] = item
        else:
            raise TypeError(f'Invalid field: {item!r}')
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f'Field names must be valid identifiers: {name!r}')
        if keyword.iskeyword(name):
            raise TypeError(f'Field names must not be keywords: {name!r}')
        if name in seen:
            raise TypeError(f'Field name duplicated: {name!r}')
        seen.add(name)
        annotations[name] = annotation
    namespace['__annotations__'] = annotations
    cls = types.new_class(cls_name, bases, {}, lambda ns: ns.update(namespace))
    if module is None:
        try:
            module = sys._getframemodulename(1) or '__main__'
        except AttributeError:
            pass
    if module is not None:
        cls.__module__ = module
    return decorator(cls, init=init, repr=repr, eq=eq, order=order, unsafe_hash=unsafe_hash, frozen=frozen,
                     match_args=match_args, kw_only=kw_only, slots=slots, weakref_slot=weakref_slot)


def replace(obj, /, **changes):
    """A copy of an instance with some fields changed."""
    if not _is_dataclass_instance(obj):
        raise TypeError("replace() should be called on dataclass instances")
    return _replace(obj, **changes)


def _replace(self, /, **changes):
    for f in getattr(self, _FIELDS).values():
        if f._field_type is _FIELD_CLASSVAR:
            continue
        if not f.init:
            if f.name in changes:
                raise TypeError(f'field {f.name} is declared with init=False, it cannot be specified with replace()')
            continue
        if f.name not in changes:
            if f._field_type is _FIELD_INITVAR and f.default is MISSING:
                raise TypeError(f"InitVar {f.name!r} must be specified with replace()")
            changes[f.name] = getattr(self, f.name)
    return self.__class__(**changes)
