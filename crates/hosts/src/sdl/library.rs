//! The library's functions, found at run time.

use std::ffi::{c_char, c_int};

use super::raw;

crate::dll::functions! {
    "SDL 2";
    set_main_ready = c"SDL_SetMainReady": fn();
    version = c"SDL_GetVersion": fn(*mut raw::Version);
    error = c"SDL_GetError": fn() -> *const c_char;
    init_subsystem = c"SDL_InitSubSystem": fn(u32) -> c_int;
    quit = c"SDL_Quit": fn();
    audio_init = c"SDL_AudioInit": fn(*const c_char) -> c_int;
    audio_quit = c"SDL_AudioQuit": fn();
    device_count = c"SDL_GetNumAudioDevices": fn(c_int) -> c_int;
    device_name = c"SDL_GetAudioDeviceName": fn(c_int, c_int) -> *const c_char;
    open_device = c"SDL_OpenAudioDevice":
        fn(
            *const c_char,
            c_int,
            *const raw::AudioSpec,
            *mut raw::AudioSpec,
            c_int
        ) -> u32;
    pause_device = c"SDL_PauseAudioDevice": fn(u32, c_int);
    close_device = c"SDL_CloseAudioDevice": fn(u32);
}
