// All pages of a browser share one session. When another page has signed somebody else in, this one still shows, and
// would buy for, whoever was there before: it is loaded again.

const name = 'doorbuster:customer';

export function reloadForSomeoneElse(customer) {
  addEventListener('storage', (event) => {
    if (event.key === name && event.newValue !== null && event.newValue !== customer) location.reload();
  });
  try {
    localStorage.setItem(name, customer);
  } catch {
    // Where nothing can be stored, pages know nothing of each other.
  }
}
