import { assertEquals } from "@std/assert";
import { logToStderr } from "../../../src/files/user_code/foreign_code.ts";

Deno.test("logToStderr() lets code replace what writes, and puts all back that was there before", async () => {
  const before = [console.log, Deno.stdout.write, Deno.stdout.writeSync] as unknown[];
  const now = () => [console.log, Deno.stdout.write, Deno.stdout.writeSync] as unknown[];
  let said = "";
  await logToStderr(() => {
    now().forEach((method, i) => assertEquals(method === before[i], false));
    assertEquals(Object.keys(console).includes("log"), true);
    console.log = (text: string) => said += text;
    console.log("heard");
  });
  assertEquals(said, "heard");
  now().forEach((method, i) => assertEquals(method === before[i], true));
});

Deno.test("logToStderr() puts all back after the last of calls that overlap, though one throws", async () => {
  const before = console.log;
  const started = Promise.withResolvers<void>(), end = Promise.withResolvers<void>();
  const long = logToStderr(() => {
    started.resolve();
    return end.promise;
  });
  await started.promise;
  const failed = await logToStderr(() => {
    throw new Error("no");
  }).catch((error: Error) => error.message);
  assertEquals([failed, console.log === before], ["no", false]);
  end.resolve();
  await long;
  assertEquals(console.log === before, true);
});
