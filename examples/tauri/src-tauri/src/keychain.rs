// A missing entry is an answer (None), not an error.
use keyring::{Entry, Error};

fn entry() -> Result<Entry, String> {
    Entry::new("com.example.notes", "session-copy").map_err(|error| error.to_string())
}

#[tauri::command]
pub fn session_copy_save(record: String) -> Result<(), String> {
    entry()?.set_password(&record).map_err(|error| error.to_string())
}

#[tauri::command]
pub fn session_copy_load() -> Result<Option<String>, String> {
    match entry()?.get_password() {
        Ok(record) => Ok(Some(record)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

#[tauri::command]
pub fn session_copy_clear() -> Result<(), String> {
    match entry()?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}
