//! The client against a TLS server on this machine that answers well, refuses, lies and breaks off.

#[cfg(test)]
mod calls;
#[cfg(test)]
mod counter;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod records;
#[cfg(test)]
mod server;
#[cfg(test)]
mod wire;
