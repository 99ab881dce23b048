#!/usr/bin/python3
"""A desktop shell as Tauri makes one on Linux: a WebKitGTK view that shows bundled files at `tauri://localhost`.

Arguments: the folder of the files, and the folder of the web view's data. Each line of the standard input is a JSON object:

- `{"id": 1, "script": "…"}` runs the body of an async function in the page, and prints `{"id": 1, "value": …}` or `"error"`.
- `{"reply": 7, "value": …}` or `"error"` answers a command that the page has called.
- `{"emit": "event", "payload": …}` sends an event to the page.

It prints `{"ready": true}` when the page is loaded, and `{"call": 7, "command": "…", "args": …}` for each command of the page.
"""

import json
import mimetypes
import os
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gio, GLib, Gtk, WebKit2  # noqa: E402

# What the page's library of Tauri (@tauri-apps/api) needs of a shell.
BRIDGE = """
(() => {
  const calls = new Map();
  const callbacks = new Map();
  const listeners = new Map();
  let last = 0;
  const transformCallback = (callback) => {
    last += 1;
    callbacks.set(last, callback);
    return last;
  };
  const invoke = (command, args = {}) => new Promise((resolve, reject) => {
    if (command === 'plugin:event|listen') {
      listeners.set(args.event, args.handler);
      return resolve(args.handler);
    }
    last += 1;
    calls.set(last, { resolve, reject });
    window.webkit.messageHandlers.ipc.postMessage(JSON.stringify({ call: last, command, args }));
  });
  window.__TAURI_INTERNALS__ = { invoke, transformCallback };
  window.__shell = {
    reply: (id, { value = null, error }) => {
      const call = calls.get(id);
      calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(error);
    },
    emit: (event, payload) => callbacks.get(listeners.get(event))?.({ event, id: 0, payload }),
  };
})();
"""


def say(message):
    print(json.dumps(message), flush=True)


class Shell:
    def __init__(self, files, data):
        self.files = files
        self.rest = b""
        manager = WebKit2.WebsiteDataManager(base_data_directory=data, base_cache_directory=os.path.join(data, "cache"))
        context = WebKit2.WebContext(website_data_manager=manager)
        security = context.get_security_manager()
        security.register_uri_scheme_as_secure("tauri")
        security.register_uri_scheme_as_cors_enabled("tauri")
        context.register_uri_scheme("tauri", self.serve)
        content = WebKit2.UserContentManager()
        content.register_script_message_handler("ipc")
        content.connect("script-message-received::ipc", lambda _, result: print(result.get_js_value().to_string(), flush=True))
        content.add_script(
            WebKit2.UserScript(
                BRIDGE, WebKit2.UserContentInjectedFrames.TOP_FRAME, WebKit2.UserScriptInjectionTime.START, None, None
            )
        )
        self.view = WebKit2.WebView(web_context=context, user_content_manager=content)
        self.view.connect("load-changed", self.loaded)
        window = Gtk.Window()
        window.connect("destroy", Gtk.main_quit)
        window.add(self.view)
        window.show_all()
        self.view.load_uri("tauri://localhost/")
        channel = GLib.IOChannel.unix_new(sys.stdin.fileno())
        GLib.io_add_watch(channel, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, self.read)

    def serve(self, request):
        """Like Tauri, a path without a file gets the document."""
        path = os.path.normpath(os.path.join(self.files, request.get_path().lstrip("/")))
        if not path.startswith(self.files) or not os.path.isfile(path):
            path = os.path.join(self.files, "index.html")
        stream = Gio.File.new_for_path(path).read(None)
        request.finish(stream, os.path.getsize(path), mimetypes.guess_type(path)[0])

    def loaded(self, _view, event):
        if event == WebKit2.LoadEvent.FINISHED:
            say({"ready": True})

    def read(self, _channel, _condition):
        received = os.read(sys.stdin.fileno(), 65536)
        if received == b"":
            Gtk.main_quit()
            return False
        *lines, self.rest = (self.rest + received).split(b"\n")
        for line in lines:
            self.perform(json.loads(line))
        return True

    def perform(self, message):
        if "script" in message:
            self.view.call_async_javascript_function(
                message["script"], -1, None, None, None, None, self.answered, message["id"]
            )
        elif "reply" in message:
            self.run(f"__shell.reply({message['reply']}, {json.dumps(message)})")
        elif "emit" in message:
            self.run(f"__shell.emit({json.dumps(message['emit'])}, {json.dumps(message['payload'])})")

    def run(self, script):
        self.view.evaluate_javascript(script, -1, None, None, None, None)

    def answered(self, view, result, number):
        try:
            value = view.call_async_javascript_function_finish(result)
            say({"id": number, "value": json.loads(value.to_json(0) or "null")})
        except GLib.Error as error:
            say({"id": number, "error": error.message})


if __name__ == "__main__":
    shell = Shell(os.path.realpath(sys.argv[1]), sys.argv[2])
    Gtk.main()
