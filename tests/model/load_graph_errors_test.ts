import { assertEquals } from "@std/assert";
import { type Edit, functional, refusal } from "./refusal.ts";

const graphs: [string, Edit, string][] = [
  [
    "a layer that takes its input from nowhere",
    (layers) => layers[2].inbound_nodes[0][0][0] = "c",
    'layers[2].inbound_nodes[0][0][0] is "c", expected the name of a layer of this model',
  ],
  [
    "layers of one name",
    (layers) => layers[2].name = "a",
    'layers[2].name is "a", expected a name that no layer before it has',
  ],
  [
    "a layer of two names",
    (layers) => layers[2].config.name = "c",
    'layers[2].config.name is "c", expected "b" as modelTopology.config.layers[2].name has it',
  ],
  [
    "a reference that is none",
    (layers) => layers[2].inbound_nodes[0][0] = "a",
    'layers[2].inbound_nodes[0][0] is "a", expected an array [layer, node, tensor]',
  ],
  [
    "a layer that is not called",
    (layers) => delete layers[2].inbound_nodes,
    "layers[2].inbound_nodes is missing, expected an array",
  ],
  [
    "a layer without configuration",
    (layers) => delete layers[2].config,
    "layers[2].config is missing, expected an object",
  ],
];
for (const [what, edit, message] of graphs) {
  Deno.test(`loadModel() refuses ${what}`, async () => {
    const model = functional();
    const found = await refusal({
      edit: (json) => (edit(json.modelTopology.config.layers), json),
    }, model);
    assertEquals(found, `modelTopology.config.${message}`);
    model.dispose();
  });
}

Deno.test("loadModel() refuses layers that wait for each other", async () => {
  const at = "modelTopology.config.layers[1].inbound_nodes[0]";
  for (const wait of ["a", "b", "sum"]) {
    const model = functional();
    const message = await refusal({
      edit: (json) => {
        json.modelTopology.config.layers[1].inbound_nodes = [[[wait, 0, 0, {}]]];
        return json;
      },
    }, model);
    assertEquals(
      message,
      `${at} takes the output of "${wait}", which waits for it in turn, expected layers ` +
        `without a cycle`,
    );
    model.dispose();
  }
});
