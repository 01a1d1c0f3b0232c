# What kyotsu.platform.guest_patch tells of a Debian guest, of a Windows one. Not exercised in the lab.
$os = Get-CimInstance Win32_OperatingSystem
$packages = @{}
Get-HotFix | ForEach-Object { $packages[$_.HotFixID] = "installed" }
$services = @(Get-Service | Where-Object Status -eq "Running" | Sort-Object Name | ForEach-Object Name)
$pending = (Test-Path "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired") -or
    (Test-Path "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending")
$free = [math]::Floor((Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='C:'").FreeSpace / 1MB)
$check = "C:\ProgramData\kyotsu\health.ps1"
$health = @{ code = 2; text = "$check is not there: nobody can tell whether the role works" }
if (Test-Path $check) {
    $text = & powershell.exe -NoProfile -File $check 2>&1 | Out-String
    $health = @{ code = $LASTEXITCODE; text = $text.Trim() }
}
$Ansible.Changed = $false
$Ansible.Result = @{
    guest = @{
        packages = $packages; sources = @{}; kernel = $os.Version; services = $services
        boot_id = $os.LastBootUpTime.ToUniversalTime().ToString("o"); restart_needed = $pending
        free_mb = @{ "C:" = $free }
    }
    health = $health
}
