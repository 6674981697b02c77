/** What no journey may bring about: an error in the console, a policy broken, a request to another host. */
import type { BrowserContext, ConsoleMessage, Page } from "@playwright/test";

type Allowed = { path: RegExp; status: number };

export class Watch {
  readonly problems: string[] = [];
  private readonly allowed: Allowed[] = [];
  private cut = false;

  constructor(context: BrowserContext, private readonly host: string, private readonly who: string) {
    context.on("page", (page) => this.follow(page));
    for (const page of context.pages()) this.follow(page);
    context.on("request", (request) => {
      const url = new URL(request.url());
      if ((url.protocol === "https:" || url.protocol === "http:" || url.protocol === "wss:" || url.protocol === "ws:") && url.host !== host) this.tell(`asked another host: ${url.host}`);
    });
  }

  /** A refusal that the journey is about: one status, on one path. Browsers write each refusal in the console. */
  refusal(path: RegExp, status: number): void {
    this.allowed.push({ path, status });
  }

  /** The line is cut, or mended: only then may the network fail. */
  line(state: "cut" | "whole"): void {
    this.cut = state === "cut";
  }

  private tell(words: string): void {
    this.problems.push(`${this.who}: ${words}`);
  }

  private follow(page: Page): void {
    page.on("pageerror", (error) => this.tell(`error in the page: ${error.stack ?? error.message}`));
    page.on("websocket", (socket) => {
      const { host } = new URL(socket.url());
      if (host !== this.host) this.tell(`asked another host: ${host}`);
    });
    page.on("console", (message) => {
      if (message.type() === "error" && !this.expected(message)) this.tell(`console: ${message.text()} (${message.location().url})`);
      if (message.type() === "warning" && /Content.Security.Policy/i.test(message.text())) this.tell(`console: ${message.text()}`);
    });
  }

  private expected(message: ConsoleMessage): boolean {
    const text = message.text();
    if (this.cut && /net::ERR_|WebSocket connection to/.test(text)) return true;
    const status = /the server responded with a status of (\d+)/.exec(text)?.[1];
    if (!status) return false;
    const { pathname } = new URL(message.location().url);
    return this.allowed.some((one) => String(one.status) === status && one.path.test(pathname));
  }
}
