//! The calling convention of ASIO's own methods, in one place.
//!
//! On 32-bit x86 Windows a C++ member function without a stated convention is `thiscall`; the
//! interface's authors stated none. The three methods inherited from `IUnknown` state `stdcall`.
//! Everywhere else there is only one convention.

/// The type of a pointer to one of ASIO's own methods: `method_type!(fn(A, B) -> R)`.
#[cfg(all(windows, target_arch = "x86"))]
macro_rules! method_type {
    (fn($($argument:ty),* $(,)?) -> $result:ty) => {
        unsafe extern "thiscall" fn($($argument),*) -> $result
    };
}
#[cfg(not(all(windows, target_arch = "x86")))]
macro_rules! method_type {
    (fn($($argument:ty),* $(,)?) -> $result:ty) => {
        unsafe extern "system" fn($($argument),*) -> $result
    };
}

/// Defines a function that can stand in the table of ASIO's own methods:
/// `method_fn! { fn name<Bounds>(argument: A) -> R { body } }`.
#[cfg(all(windows, target_arch = "x86"))]
macro_rules! method_fn {
    (fn $name:ident<$param:ident: $bound:ident>($($arguments:tt)*) -> $result:ty $body:block) => {
        unsafe extern "thiscall" fn $name<$param: $bound>($($arguments)*) -> $result $body
    };
}
#[cfg(not(all(windows, target_arch = "x86")))]
macro_rules! method_fn {
    (fn $name:ident<$param:ident: $bound:ident>($($arguments:tt)*) -> $result:ty $body:block) => {
        unsafe extern "system" fn $name<$param: $bound>($($arguments)*) -> $result $body
    };
}
