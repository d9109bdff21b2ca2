import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertEquals } from "@std/assert";
import { errorMessage, failure, writeFailure } from "../../../src/ground/words/failure.ts";

/** Returns the error of an attempt to write there. */
async function attempt(path: string): Promise<string> {
  try {
    await Deno.writeTextFile(path, "x");
    return "written";
  } catch (error) {
    return writeFailure(error);
  }
}

Deno.test("writeFailure() says what is in the way, and no path of its own", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(await attempt(`${folder}/none/a.txt`), "there is no such folder");
  assertEquals(await attempt(folder), "it is a folder, expected a file");
  assertEquals(await attempt("/dev/full"), "No space left on device");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("writeFailure() tells what Deno forbids from what the system forbids", () => {
  assertEquals(
    writeFailure(new Deno.errors.NotCapable('Requires write access to "a"')),
    "it is not allowed: use --allow-read and --allow-write of its folder",
  );
  assertEquals(
    writeFailure(new Deno.errors.PermissionDenied("Permission denied (os error 13)")),
    "permission denied by the operating system",
  );
  assertEquals(
    writeFailure(new Error("Disk quota exceeded (os error 122): writefile '/a/b.tmp'")),
    "Disk quota exceeded",
  );
});

Deno.test("failure() says something of whatever is thrown", () => {
  const hostile = new Proxy(new Error("no"), {
    get() {
      throw new Error("looked at");
    },
    getPrototypeOf() {
      throw new Error("looked at");
    },
  });
  const cases: [unknown, string][] = [
    [null, "null"],
    [undefined, "undefined"],
    ["text", "text"],
    [Symbol("s"), "Symbol(s)"],
    [{ code: 5 }, "an object"],
    [{ message: "of an object" }, "of an object"],
    [Object.create(null), "an object"],
    [[1, 2], "an array of 2 items"],
    [() => {}, "a function"],
    [Object.assign(new Error("a"), { message: { toString: null } }), "an object"],
    [new InputError(""), "InputError"],
    [hostile, "an object that cannot be looked at"],
    [new Error("x".repeat(2000)), `${"x".repeat(1000)}...`],
  ];
  for (const [thrown, says] of cases) {
    assertEquals(failure(thrown), says);
    if (says.length < 1000) assertEquals(errorMessage(thrown), says);
  }
});
