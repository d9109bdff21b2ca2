import { assertEquals } from "@std/assert";
import { UserLines } from "../../../src/torch/program/user_lines.ts";

const CODE = ["import torch", "", "def forward(self, x):", "    x = self.stem(x)", "    return x"];

/** Finds lines in a working directory with these files. */
function finder(files: Record<string, string[]>, here = "/runner/repo/") {
  const read: string[] = [];
  const lines = new UserLines(here, (path) => {
    read.push(path);
    return files[path]?.join("\n") ?? null;
  });
  return { find: (trace: string) => lines.find(trace), read };
}

const frame = (file: string, line: number, code?: string) =>
  `  File "${file}", line ${line}, in forward${code === undefined ? "" : `\n    ${code}`}`;

const LINEAR = frame(
  "/venv/site-packages/torch/nn/modules/linear.py",
  134,
  "return F.linear(input)",
);

Deno.test("UserLines names the innermost line of the user's code, relative to the working directory", () => {
  const { find } = finder({});
  const outer = frame("/runner/repo/train.py", 3, "loss = model(x)");
  const inner = frame("/runner/repo/src/net.py", 4, "x = self.stem(x)");
  assertEquals(find([outer, inner, LINEAR].join("\n")), { file: "src/net.py", line: 4 });
  assertEquals(find([inner, outer].join("\n")), { file: "train.py", line: 3 });
  assertEquals(find(LINEAR), null);
  // A package other than PyTorch, where there is nothing else.
  const timm = frame("/venv/site-packages/timm/models/vit.py", 9, "x = self.norm(x)");
  assertEquals(find([timm, LINEAR].join("\n"))?.line, 9);
  assertEquals(find([outer, timm].join("\n"))?.file, "train.py");
  assertEquals(find(frame("C:\\work\\net.py", 7)), { file: "C:/work/net.py", line: 7 });
  assertEquals(find("nothing"), null);
});

Deno.test("UserLines finds a file of another machine by the end of its path and by its code", () => {
  const files = { "/runner/repo/src/net.py": CODE, "/runner/repo/net.py": CODE };
  const there = frame("/home/ann/repo/src/net.py", 4, "x = self.stem(x)");
  assertEquals(finder(files).find(there), { file: "src/net.py", line: 4 });
  assertEquals(finder({ "/runner/repo/net.py": CODE }).find(there), { file: "net.py", line: 4 });
  // Another file of the same name, or one whose code is unknown, is not annotated.
  for (const other of [frame("/home/ann/net.py", 4, "x = x + 1"), frame("/home/ann/net.py", 4)]) {
    assertEquals(finder(files).find(other), { file: "/home/ann/net.py", line: 4 });
  }
  const outside = frame("/home/../../etc/net.py", 4, "x = self.stem(x)");
  const { find, read } = finder(files);
  assertEquals(find(outside)?.file, "/home/../../etc/net.py");
  assertEquals(read, []);
});

Deno.test("UserLines follows a line that has moved since the export", () => {
  const moved = ["# A comment.", "", "", ...CODE, ...Array(20).fill(""), "    x = self.stem(x)"];
  const { find, read } = finder({ "/runner/repo/net.py": moved });
  assertEquals(find(frame("/runner/repo/net.py", 4, "x = self.stem(x)")), {
    file: "net.py",
    line: 7,
  });
  assertEquals(find(frame("/runner/repo/net.py", 25, "x = self.stem(x)"))?.line, 29);
  assertEquals(find(frame("/runner/repo/net.py", 5, "gone()"))?.line, 5);
  assertEquals(read, ["/runner/repo/net.py"]);
});

Deno.test("UserLines looks at a bounded number of files", () => {
  const { find, read } = finder({});
  for (let i = 0; i < 600; i++) find(frame(`/home/${i}.py`, 1, "x"));
  assertEquals(find(frame(`/home/${"a/".repeat(400)}b.py`, 1, "x"))?.line, 1);
  assertEquals(read.length, 500);
});
