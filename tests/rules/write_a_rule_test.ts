import { assert, assertEquals } from "@std/assert";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

Deno.test("write_a_rule.md names each member of the view that a rule is handed, and no other", async () => {
  const guide = await read("docs/write_a_rule.md");
  const view = await read("src/rules/network/network_view.ts");
  const members = [...view.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name);
  assert(members.length > 5, `${members}`);
  const named = [...guide.matchAll(/`network\.(\w+)/g)].map(([, name]) => name);
  assertEquals([...new Set(named)].toSorted(), members.toSorted());
});
