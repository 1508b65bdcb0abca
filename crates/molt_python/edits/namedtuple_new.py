    def bind(args, kwargs):
        given = _len(args)
        if given > num_fields:
            takes = f'from {required + 1} to {num_fields + 1}' if required < num_fields else f'{num_fields + 1}'
            raise TypeError(f'{typename}.__new__() takes {takes} positional arguments but {given + 1} were given')
        values = _dict(_zip(field_names, args))
        for name, value in kwargs.items():
            if name not in field_names:
                raise TypeError(f'{typename}.__new__() got an unexpected keyword argument {name!r}')
            if name in values:
                raise TypeError(f'{typename}.__new__() got multiple values for argument {name!r}')
            values[name] = value
        missing = [n for n in field_names if n not in values and n not in field_defaults]
        if missing:
            quoted = [repr(n) for n in missing]
            if _len(quoted) > 2:
                text = ', '.join(quoted[:-1]) + ', and ' + quoted[-1]
            else:
                text = ' and '.join(quoted)
            plural = 's' if _len(missing) > 1 else ''
            raise TypeError(f'{typename}.__new__() missing {_len(missing)} required positional argument{plural}: {text}')
        return _tuple(values[n] if n in values else field_defaults[n] for n in field_names)

    required = num_fields - _len(field_defaults)

    def __new__(_cls, /, *args, **kwargs):
        if kwargs or _len(args) != num_fields:
            args = bind(args, kwargs)
        return tuple_new(_cls, args)

    __new__.__doc__ = f'Create new instance of {typename}({arg_list})'

