// Small texts that outlive this page. Where the browser forbids storage they live in memory: a reload then forgets
// them, but the page still works.

const memory = new Map();

export function load(name) {
  try {
    return localStorage.getItem(name) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/** `null` removes. */
export function save(name, text) {
  if (text === null) memory.delete(name);
  else memory.set(name, text);
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // Kept in memory only.
  }
}
