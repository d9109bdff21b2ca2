import { assertEquals } from "@std/assert";
import { folderOf } from "../../src/load/load_model_json.ts";

Deno.test("folderOf() gives the folder of a file as its path has it", () => {
  const folders = ["model.json", "/model.json", "a/model.json", "/a/b/model.json", "../c/m.json"]
    .map(folderOf);
  assertEquals(folders, [".", "/", "a", "/a/b", "../c"]);
});

Deno.test("folderOf() knows a backslash as part of a name, except on Windows", () => {
  const windows = Deno.build.os === "windows";
  assertEquals(folderOf("a/b\\model.json"), windows ? "a/b" : "a");
});
