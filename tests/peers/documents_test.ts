import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { sameBytes } from "../../bench/peers/check_files.ts";
import { crossoverOf } from "../../bench/peers/find_crossover.ts";
import { readmeLines } from "../../bench/peers/readme_lines.ts";
import { renderPeers } from "../../bench/peers/render_peers.ts";
import { readResults, type Results } from "../../bench/peers/results.ts";
import { README_PLACE } from "../../bench/peers/write_documents.ts";
import { readDocument } from "../docs/markdown.ts";

/** The words of a document: `deno fmt` breaks its lines and fills its tables. */
const words = (text: string) => text.split(/[\s|]+/).filter((word) => !/^[-:]*$/.test(word));

Deno.test("docs/peers.md and the README say what bench/peers/results.json holds", () => {
  const results = readResults();
  assertEquals(words(readDocument("docs/peers.md")), words(renderPeers(results)));
  const place = README_PLACE.exec(readDocument("README.md"));
  assert(place !== null, "the README has no place for other tools");
  const written = place[0].replace(/<!--[^]*?-->/g, "");
  assertEquals(words(written), words(readmeLines(results)));
});

const times = (median: number) => ({ least: median, median });

const RESULTS: Results = {
  figures: {
    exercise: {
      PyTorch: {
        compared: 60,
        missing: [],
        worst: 2e-4,
        apart: ["dense_9 da", "dense_10 delta"],
        nearer: { own: 2, other: 0, unknown: 0 },
      },
      "stock TF.js, wasm": { unable: "no such kernel" },
    },
  },
  cold: {
    rounds: 5,
    by: {
      exercise: {
        "this tool": { ...times(0.5), peak: 100 },
        PyTorch: { ...times(2), peak: 600 },
      },
      dense: { "this tool": { ...times(1), peak: 200 }, PyTorch: { ...times(2), peak: 600 } },
    },
  },
  warm: {
    rounds: 5,
    by: {
      1: {
        exercise: {
          "this tool": { figures: times(2), bare: times(1) },
          PyTorch: { figures: times(1), bare: times(0.5) },
        },
      },
    },
  },
  crossover: {
    rounds: 5,
    sizes: [
      { operations: 1e9, tool: 1, torch: 2 },
      { operations: 1e11, tool: 4, torch: 2 },
    ],
  },
  installed: { Deno: 100, "this tool": 200, PyTorch: 5000 },
};

Deno.test("renderPeers() says who is nearer to float64 and why, and what a tool cannot do", () => {
  const text = renderPeers(RESULTS);
  assertStringIncludes(text, "2.0e-4 of 60; 2 differ: 2 to 0 | no (1)");
  assertStringIncludes(text, "(1) no such kernel");
  assertStringIncludes(text, "the exercise's: tanh is saturated");
  assertStringIncludes(text, "| the exercise's | 0.50 | 2.00 (4.0x) |");
  assertStringIncludes(text, "| the exercise's | 2.00 | 1.00 (0.50x) |");
  assertStringIncludes(text, "faster from about 1e10 operations a pass on");
});

Deno.test("readmeLines() names a figure of each kind, and one where a peer wins", () => {
  assertEquals(
    words(readmeLines(RESULTS)).join(" "),
    [
      "**From Enter to the printed figures** PyTorch takes 2.0 to 4.0 times as long (1 networks). " +
      "PyTorch is PyPI's wheel for Linux, which brings CUDA.",
      "**One more pass** on one core, in a process that runs, is faster with PyTorch in 1 of 1 networks, by up to 2.0 times.",
      "**On disk** 300 MiB with Deno, PyTorch 5000 MiB with CUDA; from 1e10 operations a pass on PyTorch's whole " +
      "process is faster.",
    ].join(" "),
  );
  assertEquals(readmeLines({}), "");
});

Deno.test("crossoverOf() finds where the other becomes faster, and says where it does not", () => {
  assertAlmostEquals(crossoverOf(RESULTS.crossover!.sizes)!, 1e10, 1);
  assertEquals(crossoverOf([{ operations: 1, tool: 1, torch: 2 }]), null);
  assertEquals(
    crossoverOf([{ operations: 1, tool: 2, torch: 1 }, { operations: 2, tool: 3, torch: 1 }]),
    null,
  );
});

Deno.test("sameBytes() takes close figures for the same, and other weights for others", async () => {
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  assert(sameBytes("a.json", json({ a: [1, 2] }), json({ a: [1, 2.000001] })));
  assert(!sameBytes("a.json", json({ a: [1, 2] }), json({ a: [1, 2.001] })));
  assert(!sameBytes("a.json", json({ a: 1 }), json({ a: 1, b: 2 })));
  const shared = (...ids: number[]) =>
    new TextEncoder().encode(
      ids.map((id) => `{"shared_object_id": ${id}}`).join().replace(/.*/, "[$&]"),
    );
  assert(sameBytes("a.json", shared(7, 8, 7), shared(1234, 99, 1234)));
  assert(!sameBytes("a.json", shared(7, 8, 7), shared(7, 8, 8)));
  const read = (name: string) =>
    Deno.readFile(new URL(`../../fixtures/files/torch/${name}`, import.meta.url));
  const linear = await read("linear.pt");
  const slopes = await read("slopes.pt");
  assert(sameBytes("linear.pt", linear, linear.slice()));
  assert(!sameBytes("linear.pt", linear, slopes));
  assert(!sameBytes("x.safetensors", new Uint8Array([1]), new Uint8Array([2])));
});
