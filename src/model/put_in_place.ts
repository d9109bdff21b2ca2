import { statOf } from "./missing_file.ts";

/**
 * Renames a file that was written beside its final path. A file at that path is replaced,
 * but its permissions stay: the mode, and the owner if the system lets a process give files away.
 *
 * @param temporary Path of the new file.
 * @param target Final path; not that of a link, see {@linkcode fileToReplace}.
 */
export async function putInPlace(temporary: string, target: string): Promise<void> {
  const old = await statOf(target);
  if (old !== null && Deno.build.os !== "windows") {
    const { uid, gid } = await Deno.stat(temporary);
    if (old.uid !== uid || old.gid !== gid) {
      // A process that may not give files away may still give them to another of its groups.
      await Deno.chown(temporary, old.uid, old.gid)
        .catch(() => Deno.chown(temporary, null, old.gid)).catch(() => {});
    }
    // After the owner, since changing it clears part of the mode.
    if (old.mode !== null) await Deno.chmod(temporary, old.mode & 0o7777);
  }
  await Deno.rename(temporary, target);
}
