export const INIT_USAGE = `session-keeper init [options]

Adds Session Keeper to the site in this folder: writes keeper.config.js if there is none, puts the worker and its parts
into the public folder, and says what to do next. Run it again after a change of the configuration or of the package.

  --sign-in KIND    password (default), oidc or ticket, for a new configuration
  --issuer URL      with oidc: the provider
  --client-id ID    with oidc: the id of this site at the provider
  --api PATH        path of the API that tokens belong to (default /api/)
  --public FOLDER   the folder of static files (default: what the framework uses)
  --config FILE     the configuration (default keeper.config.js)
  --yes             asks nothing
  --check           writes nothing; fails when the files do not belong to this version and configuration

Exit code: 0 done, 1 a check failed or the configuration is wrong, 2 wrong usage.
`;

export const REMOVE_USAGE = `session-keeper remove [options]

Takes Session Keeper out of the site in this folder. A worker that it had written is replaced by one that deletes its data
and unregisters itself: deploy that, because browsers keep a worker whose script is gone.

  --public FOLDER   the folder of static files (default: what the framework uses)
`;
