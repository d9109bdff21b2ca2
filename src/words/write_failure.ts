import { failure } from "./failure.ts";

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
  // Deno names the call and the path, which may be a temporary one: `...: writefile '/a/b.tmp'`.
  return failure(error).replace(/ \(os error \d+\).*$/, "").replace(/: [a-z_]+ '.*'$/, "");
}
