import { assertEquals, assertRejects } from "@std/assert";
import { putInPlace } from "../../src/model/new_folder.ts";

const isWindows = Deno.build.os === "windows";
/** Only root may give files away. */
const mayGiveAway = !isWindows && Deno.uid() === 0;

/** What a file of these properties is after another has taken its place. */
async function replaced(
  { mode = 0o644, uid, gid }: { mode?: number; uid?: number; gid?: number } = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    const temporary = `${folder}/new`;
    const target = `${folder}/old`;
    await Deno.writeTextFile(target, "old");
    if (mayGiveAway) await Deno.chown(target, uid ?? null, gid ?? null);
    if (!isWindows) await Deno.chmod(target, mode);
    await Deno.writeTextFile(temporary, "new");
    await putInPlace(temporary, target);
    const info = await Deno.stat(target);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return { left, text: await Deno.readTextFile(target), info };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("putInPlace() replaces a file, and leaves no other", async () => {
  const { left, text } = await replaced();
  assertEquals([left, text], [["old"], "new"]);
});

Deno.test("putInPlace() keeps the mode", { ignore: isWindows }, async () => {
  for (const mode of [0o600, 0o755, 0o1640]) {
    assertEquals((await replaced({ mode })).info.mode! & 0o7777, mode);
  }
});

Deno.test("putInPlace() keeps the owner and the group, and the mode with them", {
  ignore: !mayGiveAway,
}, async () => {
  for (const [uid, gid] of [[4001, 0], [0, 4002], [4001, 4002]]) {
    const { info } = await replaced({ uid, gid, mode: 0o4755 });
    // Giving a file away takes its set-user-id bit, so that the mode comes after it.
    assertEquals([info.uid, info.gid, info.mode! & 0o7777], [uid, gid, 0o4755]);
  }
});

Deno.test("putInPlace() makes a file where there was none, and tells what keeps it from that", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/new`, "new");
    await putInPlace(`${folder}/new`, `${folder}/other`);
    assertEquals(await Deno.readTextFile(`${folder}/other`), "new");
    // A file is no folder, so that nothing can be in it.
    const inFile = `${folder}/other/file`;
    await assertRejects(() => putInPlace(`${folder}/other`, inFile), Deno.errors.NotADirectory);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
