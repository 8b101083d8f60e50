// What the rest of the HTTP side has of tickets.

export { TicketDesk, type TicketOutcome, type TicketWish, type WorkAsked } from './ticket-desk.ts';
export {
  DEFAULT_TICKET_SETTINGS,
  TICKET_CHARACTERS,
  TicketOffice,
  ticketsFrom,
  type TicketFor,
  type TicketHours,
  type TicketOfficePorts,
  type TicketSettings,
} from './ticket-office.ts';
export { ticketRoutes, TICKETS_PATH } from './ticket-routes.ts';
export { AskTicket, ChallengeRequired, Ticket, WORK_FAULTS, type WorkFault } from './ticket-schemas.ts';
