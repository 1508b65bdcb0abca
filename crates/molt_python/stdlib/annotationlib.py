"""Introspection of annotations (PEP 649, PEP 749) over compiled annotate functions.

Compiled annotate functions evaluate real values only. The format FORWARDREF gives the values, as long as all names are
bound; STRING writes the values out as source would name them.
"""

import builtins
import enum
import sys
import types

__all__ = [
    'Format', 'ForwardRef', 'annotations_to_string', 'call_annotate_function', 'call_evaluate_function',
    'get_annotate_from_class_namespace', 'get_annotations', 'type_repr',
]


class Format(enum.IntEnum):
    """In which form annotations are wanted."""

    VALUE = 1
    VALUE_WITH_FAKE_GLOBALS = 2
    FORWARDREF = 3
    STRING = 4


class ForwardRef:
    """A name that stands for a type that may not exist yet."""

    def __init__(self, arg, *, module=None, owner=None, is_argument=True, is_class=False):
        if not isinstance(arg, str):
            raise TypeError(f'Forward reference must be a string -- got {arg!r}')
        self.__forward_arg__ = arg
        self.__forward_module__ = module
        self.__forward_is_argument__ = is_argument
        self.__forward_is_class__ = is_class
        self.__owner__ = owner

    def evaluate(self, *, globals=None, locals=None, type_params=None, owner=None, format=Format.VALUE):
        """The object that the dotted name stands for; other expressions are not evaluated."""
        if format == Format.STRING:
            return self.__forward_arg__
        scopes = [locals or {}, {p.__name__: p for p in type_params or ()}, globals or {}]
        module = self.__forward_module__
        if isinstance(module, str):
            module = sys.modules.get(module)
        if module is not None:
            scopes.append(vars(module))
        scopes.append(vars(builtins))
        first, *rest = self.__forward_arg__.split('.')
        for scope in scopes:
            if first in scope:
                value = scope[first]
                break
        else:
            if format == Format.FORWARDREF:
                return self
            raise NameError(f'name {first!r} is not defined', name=first)
        for name in rest:
            value = getattr(value, name)
        return value

    def __eq__(self, other):
        if not isinstance(other, ForwardRef):
            return NotImplemented
        return (self.__forward_arg__ == other.__forward_arg__
                and self.__forward_module__ == other.__forward_module__)

    def __hash__(self):
        return hash((self.__forward_arg__, self.__forward_module__))

    def __or__(self, other):
        return types.UnionType[self, other]

    def __ror__(self, other):
        return types.UnionType[other, self]

    def __repr__(self):
        module = '' if self.__forward_module__ is None else f', module={self.__forward_module__!r}'
        return f'ForwardRef({self.__forward_arg__!r}{module})'


def call_evaluate_function(evaluate, format, *, owner=None):
    """Result of an evaluate function in a format."""
    return call_annotate_function(evaluate, format, owner=owner, _is_evaluate=True)


def call_annotate_function(annotate, format, *, owner=None, _is_evaluate=False):
    """Result of an annotate function in a format."""
    if format == Format.VALUE_WITH_FAKE_GLOBALS:
        raise ValueError('The VALUE_WITH_FAKE_GLOBALS format is for internal use only')
    values = annotate(Format.VALUE)
    if format != Format.STRING:
        return values
    return type_repr(values) if _is_evaluate else annotations_to_string(values)


def get_annotate_from_class_namespace(obj):
    """The annotate function in a class namespace, or None."""
    found = obj.get('__annotate__')
    return obj.get('__annotate_func__') if found is None else found


def get_annotations(obj, *, globals=None, locals=None, eval_str=False, format=Format.VALUE):
    """A new dict of the annotations of a class, module or callable."""
    if eval_str and format != Format.VALUE:
        raise ValueError('eval_str=True is only supported with format=Format.VALUE')
    if format == Format.VALUE_WITH_FAKE_GLOBALS:
        raise ValueError('The VALUE_WITH_FAKE_GLOBALS format is for internal use only')
    found = getattr(obj, '__annotations__', None)
    if isinstance(obj, type) and '__annotations__' not in vars(obj) and get_annotate_from_class_namespace(vars(obj)) is None:
        found = {}
    if found is None:
        if isinstance(obj, (type, types.ModuleType)) or callable(obj):
            return {}
        raise TypeError(f'{obj!r} does not have annotations')
    if not isinstance(found, dict):
        raise ValueError(f'{obj!r}.__annotations__ is neither a dict nor None')
    found = dict(found)
    if format == Format.STRING:
        return annotations_to_string(found)
    if eval_str:
        if globals is None:
            module = sys.modules.get(getattr(obj, '__module__', None))
            globals = {} if module is None else vars(module)
        found = {
            name: ForwardRef(value).evaluate(globals=globals, locals=locals) if isinstance(value, str) else value
            for name, value in found.items()
        }
    return found


def type_repr(value):
    """How source would name a type."""
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
        if value.__module__ == 'builtins':
            return value.__qualname__
        return f'{value.__module__}.{value.__qualname__}'
    if value is ...:
        return '...'
    return repr(value)


def annotations_to_string(annotations):
    """The annotations with every value written out."""
    return {name: value if isinstance(value, str) else type_repr(value) for name, value in annotations.items()}
