// Numbers that rise slowly, or hardly change, as the first of them and the steps between them: a byte each.

export function stepsOf(numbers: readonly number[]): number[] {
  let before = 0;
  return numbers.map((number) => {
    const step = number - before;
    before = number;
    return step;
  });
}
