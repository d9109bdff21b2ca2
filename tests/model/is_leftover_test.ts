import { assertEquals } from "@std/assert";
import { isLeftover } from "../../src/model/is_leftover.ts";
import { withFolder } from "./save_model.ts";

Deno.test("isLeftover() says whether anything would be lost with what lies at a path", () =>
  withFolder(async (folder) => {
    const path = `${folder}/found`;
    const leftover = async (content: string, beginning: string) => {
      await Deno.writeTextFile(path, content);
      return await isLeftover(path, beginning);
    };
    assertEquals(await isLeftover(path, "{"), true, "nothing is there");
    assertEquals(await leftover("", "{"), true);
    assertEquals(await leftover('{"a": 1}', '{"a"'), true);
    assertEquals(await leftover('{"', '{"a"'), true, "killed while it was writing");
    assertEquals(await leftover('{"b": 1}', '{"a"'), false);
    assertEquals(await leftover("x", ""), false);
    await Deno.remove(path);
    await Deno.mkdir(path);
    assertEquals(await isLeftover(path, ""), false, "a folder");
  }));
