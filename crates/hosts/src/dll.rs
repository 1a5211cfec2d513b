//! Libraries that are loaded while a program runs.
#![expect(unsafe_code, reason = "loads a C library")]

use std::ffi::{CStr, c_char, c_void};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::system::{GetProcAddress, LoadLibraryW};

/// A loaded library. It stays loaded until the process ends.
#[derive(Clone, Copy)]
pub struct Dll(*mut c_void);

impl Dll {
    /// Loads the library.
    ///
    /// # Errors
    /// The file is no library for this process, or something that it needs is missing.
    pub fn load(path: &Path) -> Result<Dll> {
        let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
        // SAFETY: `wide` ends with a NUL and lives across the call.
        let module = unsafe { LoadLibraryW(wide.as_ptr()) };
        if module.is_null() {
            let error = io::Error::last_os_error();
            return Err(error).with_context(|| format!("cannot load {}", path.display()));
        }
        Ok(Dll(module))
    }

    /// The address of a function; never null.
    ///
    /// # Errors
    /// The library has none of that name.
    pub fn find(self, symbol: &CStr) -> Result<*mut c_void> {
        // SAFETY: the module came from LoadLibraryW and is never freed; `symbol` ends with a NUL.
        let address = unsafe { GetProcAddress(self.0, symbol.as_ptr().cast()) };
        if address.is_null() {
            bail!("it has no function {}", symbol.to_string_lossy());
        }
        Ok(address)
    }
}

/// Declares a table of a C library's functions and how it is filled. The signatures are the word of
/// whoever invokes it: they must be those of the library's public header.
macro_rules! functions {
    ($library:literal; $($field:ident = $symbol:literal : fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// Entry points of the loaded library. It stays loaded until the process ends.
        pub struct Library {
            $(pub $field: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Library {
            /// Loads the library and finds every function.
            ///
            /// # Errors
            /// The file cannot be loaded or lacks a function.
            pub fn load(path: &std::path::Path) -> anyhow::Result<Library> {
                use anyhow::Context;
                let dll = $crate::dll::Dll::load(path)?;
                Ok(Library {
                    $($field: {
                        let address = dll.find($symbol)
                            .with_context(|| format!("{} is no {}", path.display(), $library))?;
                        // SAFETY: the library's public header guarantees this signature and the C
                        // calling convention for the function of that name; `address` is not null.
                        unsafe {
                            std::mem::transmute::<
                                *mut std::ffi::c_void,
                                unsafe extern "C" fn($($argument),*) $(-> $result)?,
                            >(address)
                        }
                    },)*
                })
            }
        }
    };
}
pub(crate) use functions;

/// A copy of a C string; empty for null.
///
/// # Safety
/// `pointer` is null or points to a string that ends with a NUL and lives across the call.
pub unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: the caller guarantees a string that ends with a NUL.
    unsafe { CStr::from_ptr(pointer) }
        .to_string_lossy()
        .into_owned()
}
