/** Whether reading a path is allowed already; does not prompt. */
export function isReadable(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
