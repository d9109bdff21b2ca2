import { startEngine } from "../../../src/engine/mod.ts";
import { pairKerasWeights } from "../../../src/keras/files/keras_weights.ts";
import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import { loadModel } from "../../../src/load/mod.ts";
import { bytesOf, withFile } from "./fixtures.ts";
import { assertEquals } from "@std/assert";

await startEngine();

/** A copy of a group in which another list of the weights of its layers stands. */
function relisted(group: Hdf5Group, list: (names: string[]) => string[]): Hdf5Group {
  const children = new Map(
    [...group.children].map(([name, child]) => [
      name,
      child.kind === "group" ? relisted(child, list) : child,
    ]),
  );
  const texts = (name: string) => {
    const found = group.texts(name);
    return name === "weight_names" && found !== null ? list(found) : found;
  };
  return { ...group, children, texts };
}

/** The names with the layers of the last first, those of each in their order. */
function otherWayRound(names: string[]): string[] {
  const scopes = Map.groupBy(names, (name) => name.slice(0, name.lastIndexOf("/")));
  return [...scopes.values()].reverse().flat();
}

for (const name of ["bidirectional_keras2", "bidirectional_gru_keras2"]) {
  Deno.test(`pairKerasWeights() finds the directions in ${name}.h5 by their names, in any order`, async () => {
    const bytes = bytesOf(`${name}.h5.gz`);
    const { model } = await withFile("a.h5", bytes, (path) => loadModel(path));
    const root = openHdf5(bytes);
    const pairs = (root: Hdf5Group) =>
      Object.fromEntries(
        pairKerasWeights(model, root, null).map(({ variable, array }) => [
          variable.originalName,
          array.path,
        ]),
      );
    const expected = pairs(root);
    assertEquals(Object.keys(expected).some((name) => /backward/.test(name)), true);
    for (const [name, path] of Object.entries(expected)) {
      const [direction] = /forward|backward/.exec(name) ?? [""];
      assertEquals(path.includes(direction), true, `${name}: ${path}`);
    }
    assertEquals(pairs(relisted(root, otherWayRound)), expected);
    model.dispose();
  });
}
