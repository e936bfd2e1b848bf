// Pages of signed-in people hear that they were signed out, and that somebody showed their face.
import { Listening } from "../live.js";

const live = document.getElementById("live");
const part = (name) => live.querySelector(`[data-part="${name}"]`);
const form = live.querySelector("form");

async function ask() {
  const response = await fetch(live.dataset.ticketAddress, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
  });
  return { status: response.status, ticket: response.status === 201 ? await response.json() : null };
}

const listening = new Listening(ask, {
  news(kind) {
    const news = part("news");
    news.replaceChildren(part(kind).content.cloneNode(true));
    news.classList.remove("d-none");
  },
  ended() {
    // What is on the page is nobody's business any more.
    const ended = part("ended").content.cloneNode(true);
    document.querySelector("header form")?.remove();
    document.getElementById("person")?.remove();
    const content = document.getElementById("content");
    content.replaceChildren(ended);
    content.focus();
  },
  state(name) {
    live.dataset.liveState = name;
  },
});

// Nobody looks at a hidden page: it keeps its socket, and does not ask.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) listening.begin();
  else if (!listening.isLive) listening.pause();
});
window.addEventListener("pagehide", () => listening.pause());
window.addEventListener("pageshow", () => listening.begin());
listening.begin();
