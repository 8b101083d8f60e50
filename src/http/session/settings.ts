// Where shoppers of browsers come from: the shop's own sign-in, a provider of OpenID Connect, or, in demo mode, a page of ours.

export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Undefined: a public client, with PKCE alone. */
  readonly clientSecret: string | undefined;
  /** Separated by spaces. */
  readonly scopes: string;
}

export interface SignInSettings {
  /** The shop's page for it; it hands the shopper over afterwards. */
  readonly signInUrl: string | undefined;
  /** Of the pages that may hand over, as `https://shop.example`. */
  readonly shopOrigins: readonly string[];
  /** Of shops' own front ends, which bring tokens. */
  readonly corsOrigins: readonly string[];
  /** Where shoppers see this server, as `https://sale.example`. */
  readonly publicOrigin: string | undefined;
  readonly provider: ProviderSettings | undefined;
}
