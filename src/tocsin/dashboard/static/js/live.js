// The server's event stream, and the small sign in the header that says whether it flows.

const sign = document.getElementById("live");

const say = (state, text) => {
  if (!sign || sign.dataset.state === state) return;
  sign.dataset.state = state;
  sign.querySelector("span").textContent = text;
};

// Calls `handlers[kind](data)` for each event, and `handlers.open()` whenever the stream begins.
export const listen = (handlers, query = "") => {
  let stream;
  let retry;
  const start = () => {
    stream = new EventSource(`/api/events${query}`);
    stream.addEventListener("open", () => {
      say("on", "Live");
      handlers.open?.();
    });
    stream.addEventListener("error", () => {
      say("off", "Disconnected, reconnecting…");
      if (stream.readyState === EventSource.CLOSED) {
        clearTimeout(retry);
        retry = setTimeout(start, 5000);
      }
    });
    for (const kind of ["check", "transition", "vantage", "website", "lost"]) {
      stream.addEventListener(kind, (event) => handlers[kind]?.(JSON.parse(event.data)));
    }
  };
  start();
  window.addEventListener("pagehide", () => { clearTimeout(retry); stream.close(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) start(); });
};

// Fetches this page anew and puts the parts with these ids in place of the old ones.
export const refresh = async (ids, localise) => {
  const address = new URL(location.href);
  address.searchParams.delete("checked");
  const response = await fetch(address, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of ids) {
    const [was, is] = [document.getElementById(id), fresh.getElementById(id)];
    if (!was || !is || was.contains(document.activeElement)) continue;
    const node = document.importNode(is, true);
    localise(node);
    was.replaceWith(node);
  }
  document.title = fresh.title;
};

// Runs `work` soon after it is asked for, and not again within `pause` milliseconds.
export const atMostEvery = (pause, work) => {
  let last = -Infinity;
  let timer = null;
  return () => {
    if (timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      last = performance.now();
      Promise.resolve(work()).catch(() => {});
    }, Math.max(150, last + pause - performance.now()));
  };
};
