#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod keychain;

fn main() {
    tauri::Builder::default()
        // The first one: on Linux and Windows a link starts the app again, and this hands it to the one that runs.
        .plugin(tauri_plugin_single_instance::init(|_app, _arguments, _folder| {}))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_opener::init())
        .invoke_handler(tauri::generate_handler![
            keychain::session_copy_save,
            keychain::session_copy_load,
            keychain::session_copy_clear,
        ])
        .run(tauri::generate_context!())
        .expect("the app must start");
}
