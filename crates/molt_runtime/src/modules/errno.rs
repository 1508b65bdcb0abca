//! The module `errno`: the C library's error numbers.

use molt_abi::Word;

use crate::{Isolate, Owned, PyResult, native_module};

native_module!(molt_module_errno, "errno", init);

macro_rules! codes {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

const CODES: &[(&str, i32)] = codes! {
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EAFNOSUPPORT EAGAIN EALREADY EBADF EBADMSG EBUSY ECANCELED ECHILD
    ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK EDESTADDRREQ EDOM EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN
    EHOSTUNREACH EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR ELOOP EMFILE EMLINK EMSGSIZE
    EMULTIHOP ENAMETOOLONG ENETDOWN ENETRESET ENETUNREACH ENFILE ENOBUFS ENODEV ENOENT ENOEXEC ENOLCK ENOLINK
    ENOMEM ENOMSG ENOPROTOOPT ENOSPC ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTRECOVERABLE ENOTSOCK ENOTSUP
    ENOTTY ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT EPROTOTYPE
    ERANGE EREMOTE EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE ESRCH ESTALE ETIMEDOUT ETOOMANYREFS ETXTBSY EUSERS
    EWOULDBLOCK EXDEV
};

fn init(rt: &mut Isolate, module: Word) -> PyResult<()> {
    let names = rt.new_dict();
    for &(name, code) in CODES {
        let value = Owned::small(i64::from(code));
        let text = rt.new_str(name);
        rt.dict_set(names.word(), value.word(), text.word())?;
        rt.module_set(module, name, value);
    }
    rt.module_set(module, "errorcode", names);
    Ok(())
}
