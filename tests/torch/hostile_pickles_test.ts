import { writeZip } from "../files/write_zip.ts";
import { assemblePickle, dictionaryParts, type Part, tensorParts } from "./assemble_pickle.ts";
import { fixture, refusalOf, torchFile, torchParts } from "./fixture.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Parts, parts } from "../assert_refused.ts";

const STORAGE = { 0: new Uint8Array(16) };

const refuses = (
  name: string,
  parts: readonly Part[],
  said: Parts,
  storages: Record<string, Uint8Array> = STORAGE,
) =>
  Deno.test(`readWeights() refuses a pickle ${name}`, async () => {
    const file = torchFile(assemblePickle(parts), storages);
    assertEquals(await refusalOf(".pt", file), said);
  });

const call = (module: string, name: string): Part[] => [
  { global: [module, name] },
  "touch /tmp/hacked",
  { op: 0x85 },
  { op: "R" },
];

for (
  const [module, name] of [
    ["os", "system"],
    ["posix", "system"],
    ["builtins", "eval"],
    ["__builtin__", "exec"],
    ["torch", "load"],
    ["torch.storage", "_load_from_bytes"],
    ["__main__", "Net"],
    ["collections", "OrderedDict.__init__"],
    ["torch", "__proto__"],
    ["torch", "constructor"],
  ]
) {
  const path = `${module}.${name}`;
  refuses(
    `that asks for ${path}`,
    call(module, name),
    parts(
      "The pickle",
      `"${path}", which is code and is not run here`,
      "only tensors",
    ),
  );
}

const written = (found: string) => parts("The pickle", found, "what torch.save writes");
refuses(
  "that builds a class by an instruction of its own",
  [{ global: ["collections", "OrderedDict"] }, { op: ")" }, { op: 0x81 }],
  written('an object of "collections.OrderedDict" without calling it'),
);
refuses(
  "without operands",
  [{ op: 0x86 }],
  written("an instruction without its operand"),
);
refuses(
  "without a mark",
  [1, { op: "t" }],
  written("an instruction without its mark"),
);
refuses(
  "that calls a number",
  [1, 2, { op: "R" }],
  written("a call of something other than a global"),
);
refuses(
  "that calls a type",
  [{ global: ["torch", "float32"] }, { op: ")" }, { op: "R" }],
  parts("The pickle", '"type"', "a function"),
);
refuses(
  "that recalls what it never kept",
  [{ op: "h" }, new Uint8Array([9])],
  written("no value 9 to recall"),
);
refuses(
  "with an integer of 255 bytes",
  [{ op: 0x8a }, new Uint8Array([255]), new Uint8Array(255)],
  written("an integer of 255 bytes"),
);
refuses(
  "with a text of 4 GiB",
  [{ op: "X" }, new Uint8Array([255, 255, 255, 255])],
  written("no end: truncated"),
);
refuses(
  "with a global that has no name",
  [1, 2, { op: 0x93 }],
  written("a global without a name"),
);
refuses(
  "that holds a number",
  [1],
  parts("The file", "1", "a state dict"),
);
refuses(
  "without tensors",
  [{ op: "}" }],
  parts("The file", "no tensors by name", "one state dict"),
);
refuses(
  "with several state dicts",
  dictionaryParts({
    generator: dictionaryParts({ w: tensorParts() }),
    discriminator: dictionaryParts({ w: tensorParts() }),
  }),
  parts("The file", 'several state dicts: "generator", "discriminator"', "one state dict"),
);
refuses(
  "whose tensor is larger than its storage",
  dictionaryParts({ w: tensorParts({ offset: 1 }) }),
  parts('"w" of shape [2, 2]', "5 entries", "at most the 4 of its storage"),
);
refuses(
  "whose tensor repeats its storage without end",
  dictionaryParts({ w: tensorParts({ shape: [2 ** 30, 2 ** 20], strides: [0, 0] }) }),
  parts(
    '"w" of shape [1073741824, 1048576]',
    "1125899906842624 entries",
    "at most the 4 of its storage",
  ),
);
for (
  const [what, tensor] of Object.entries({
    "with a negative stride": { strides: [2, -1] },
    "with a negative size": { shape: [2, -1] },
    "with a negative offset": { offset: -1 },
    "with an axis that has no stride": { strides: [2] },
    "with a stride that has no axis": { shape: [2] },
  })
) {
  refuses(
    what,
    dictionaryParts({ w: tensorParts(tensor) }),
    parts('A tensor in storage "0"', "no shape with a stride for each axis", "whole numbers"),
  );
}
refuses(
  "whose storage is missing",
  dictionaryParts({ w: tensorParts({ key: "../../etc/passwd" }) }),
  parts('Storage "../../etc/passwd" of "w"', "missing", "it in the file"),
);
refuses(
  "whose storage is truncated",
  dictionaryParts({ w: tensorParts({ count: 5 }) }),
  parts('Storage "0" of "w"', "16 bytes", "20: truncated"),
);
refuses(
  "whose tensors read one storage over and over",
  dictionaryParts(Object.fromEntries(
    Array.from({ length: 17 }, (_, i) => [`w${i}`, tensorParts()]),
  )),
  parts("The tensors", "272 bytes", "at most 16 times the 16 of their storages"),
);

Deno.test("readWeights() reads a list of lists that doubles a hundred times in no time", async () => {
  const bomb: Part[] = [{ op: "]" }];
  for (let i = 0; i < 100; i++) {
    const keep: Part[] = [{ op: "q" }, new Uint8Array([i])];
    bomb.push(...keep, { op: "]" }, { op: "(" });
    bomb.push({ op: "h" }, new Uint8Array([i]), { op: "h" }, new Uint8Array([i]), { op: "e" });
  }
  const file = torchFile(assemblePickle(bomb), STORAGE);
  assertStringIncludes((await refusalOf(".pt", file)).expected, "a state dict");
});

Deno.test("readWeights() refuses other zip archives and other pickles", async () => {
  const none = writeZip([{ name: "a.txt", content: new Uint8Array(1) }]);
  assertEquals((await refusalOf(".pt", none)).found, "no data.pkl");
  const script = writeZip([
    { name: "net/data.pkl", content: new Uint8Array(1) },
    { name: "net/code/__torch__.py", content: new Uint8Array(1) },
  ]);
  assertStringIncludes((await refusalOf(".pt", script)).found, "a TorchScript program");
  assertEquals(
    await refusalOf(".bin", new Uint8Array([1, 2, 3, 4, 5])),
    parts("The file", "bytes 01 02 03 04", "a zip archive or a pickle as torch.save writes it"),
  );
});

Deno.test("readWeights() refuses files of torch.save that are cut anywhere", async () => {
  for (const name of ["mlp.pt", "mlp_legacy.pth"]) {
    const whole = await Deno.readFile(fixture(name));
    for (let length = 0; length < whole.length; length += 331) {
      await refusalOf(".pt", whole.subarray(0, length));
    }
    await refusalOf(".pt", whole.subarray(0, -1));
  }
  const { pickle, storages } = await torchParts("words.pt");
  for (let length = 0; length < pickle.length; length += 41) {
    await refusalOf(".pt", torchFile(pickle.subarray(0, length), storages));
  }
});
