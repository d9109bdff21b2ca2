/** A terminal of tmux, with a shell in it. */
export class Terminal implements AsyncDisposable {
  /** A server of its own, so that no other session, and no configuration, gets in the way. */
  readonly #socket = `gradient-health-${crypto.randomUUID()}`;

  /** True if this machine has tmux. */
  static async isThere(): Promise<boolean> {
    try {
      return (await new Deno.Command("tmux", { args: ["-V"] }).output()).success;
    } catch {
      return false;
    }
  }

  /**
   * Opens one and types a command into its shell.
   *
   * @param command The command.
   * @param options Its folder, and how large the terminal is.
   */
  static async open(
    command: string,
    { cwd, columns = 80, rows = 40 }: { cwd: string; columns?: number; rows?: number },
  ): Promise<Terminal> {
    const terminal = new Terminal();
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, "sh");
    await terminal.type(command);
    return terminal;
  }

  async #tmux(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-L", this.#socket, ...args],
      env: { LANG: "C.UTF-8", TERM: "xterm-256color" },
    }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(decoder.decode(stderr));
    return decoder.decode(stdout);
  }

  /** Types a line. */
  async type(line: string): Promise<void> {
    await this.#tmux("send-keys", "-l", line);
    await this.#tmux("send-keys", "Enter");
  }

  /** Presses a key that tmux has a name for: `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux("send-keys", key);
  }

  /** Returns the text on the screen; with `history`, the text that scrolled away too. */
  async text({ history = false } = {}): Promise<string> {
    return await this.#tmux("capture-pane", "-p", ...history ? ["-S", "-"] : []);
  }

  /** Returns true if the alternate screen is shown. */
  async isBeside(): Promise<boolean> {
    return (await this.#tmux("display-message", "-p", "#{alternate_on}")).trim() === "1";
  }

  /** Waits until the screen shows something. */
  async until(pattern: RegExp, patience = 30_000): Promise<string> {
    const end = Date.now() + patience;
    for (;;) {
      const text = await this.text();
      if (pattern.test(text)) return text;
      if (Date.now() > end) throw new Error(`no ${pattern} in\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server");
  }
}
