/** The rule of docs/write_a_rule.md, in a user's module. */
export async function wideLayers(): Promise<string> {
  const page = await Deno.readTextFile(new URL("../../docs/write_a_rule.md", import.meta.url));
  const checks = new URL("../../src/core/rules/mod.ts", import.meta.url).href;
  return page.match(/```ts ignore\n(\/\/ wide_layers\.ts\n[^]*?)```/)![1]
    .replace("@gradient-health/gradient-health/rules", checks);
}
