//! The driver over a broker and a lake in memory: what a record becomes, and that crashes, lost
//! replies and take-overs change nothing about it, nor about who is told of it.

mod broker;
mod scenario;

mod fates;
mod crashes;
mod notify;
mod seals;
mod simulation;
