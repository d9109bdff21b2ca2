const FOLDER = new URL("../../", import.meta.url);

/** The folder of this package, which a worker reads again: somebody may not have allowed it. */
export function packageFolder(): string {
  const { protocol, pathname } = FOLDER;
  return protocol === "file:"
    ? decodeURIComponent(pathname).replace(/^\/(?=[A-Za-z]:\/)/, "")
    : FOLDER.href;
}

/** Whether this process may start workers. */
export function mayStartWorkers(): boolean {
  return FOLDER.protocol !== "file:" ||
    Deno.permissions.querySync({ name: "read", path: packageFolder() }).state === "granted";
}

/** Why it may not, and what to do about it. */
export function workersRefused(jobs: number): string {
  return `${jobs} jobs need to read this package: run again with --allow-read=${packageFolder()}, ` +
    `or with one job`;
}
