/**
 * Why something failed, in a few words without a full stop, fit for the end of a sentence.
 *
 * @param error Whatever was thrown.
 */
export function failure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder, expected a file";
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is no folder";
  if (error instanceof Deno.errors.NotCapable) return "reading it is not allowed: use --allow-read";
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not let it be read";
  // Deno names the call and the path, as somebody wrote it: `... (os error 36): lstat '/a/b'`.
  const message = (error instanceof Error ? error.message : String(error))
    .replace(/ \(os error \d+\).*$/s, "");
  const [first, next] = message.trim().split(/\s*\r?\n\s*/);
  // What leads over to the lines below is left out, unless there is nothing before it.
  const [whole] = /:$/.test(first) || /^\p{Ll}/u.test(next ?? "")
    ? first.match(/^.*[.!?](?=\s)/) ?? [first]
    : [first];
  return whole.replace(/[.:\s]+$/, "") || (error instanceof Error ? error.name : "no reason given");
}

/**
 * Why a file could not be written, in a few words without a full stop, fit for the end of a sentence.
 *
 * @param error Whatever was thrown.
 */
export function writeFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.NotCapable) {
    return "it is not allowed: use --allow-read and --allow-write of its folder";
  }
  if (error instanceof Deno.errors.PermissionDenied) return "the system does not let it be written";
  // The path may be a temporary one: `...: writefile '/a/b.tmp'`.
  return failure(error).replace(/: [a-z_]+ '.*'$/, "");
}
