// Where a thread's file is: beside the file that starts it, as TypeScript in a checkout, as JavaScript in a package.

export function threadFile(name: string, from: string): URL {
  return new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from);
}
