/** Returns true if reading a path is already allowed; does not prompt. */
export function isReadable(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}
