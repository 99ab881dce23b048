export const BACKUP_USAGE = `session-keeper backup <folder> [options]

Writes a consistent copy of the server's data into a new folder, also while the server runs.

  --data DIR        the data folder (default: DATA_DIR, or .data)

Exit code: 0 done, 1 the data cannot be copied, 2 wrong usage.
`;

export const RESTORE_USAGE = `session-keeper restore <backup> [options]

Puts a backup in the place of the server's data. Stop the server first. The data that was there stays in a folder beside it.

  --data DIR        the data folder (default: DATA_DIR, or .data)

Exit code: 0 done, 1 the backup cannot be restored, 2 wrong usage.
`;
